// What a setting is, as a row of data. Every group of settings (the shared one, one per instruction set) is an array of these
// rows; parsing, defaults, error texts, listings and documentation all read the rows. A value is one byte whatever its kind.
using System;

namespace MiniJit.Codegen.Settings;

/// <summary>What a setting's value may be.</summary>
public enum SettingKind : byte
{
    /// <summary><c>true on yes 1</c> or <c>false off no 0</c>; the bare name means true.</summary>
    Bool,

    /// <summary>One of a list of words; stored as the word's position.</summary>
    Enum,

    /// <summary>A decimal number from 0 to 255.</summary>
    Num,
}

/// <summary>One row of a settings table.</summary>
public sealed class SettingDescriptor
{
    private SettingDescriptor(SettingKind kind, string name, byte defaultValue, string[] members, string doc)
    {
        Kind = kind;
        Name = name;
        Default = defaultValue;
        MemberNames = members;
        Doc = doc;
    }

    /// <summary>Its kind.</summary>
    public SettingKind Kind { get; }

    /// <summary>The name as written in <c>set</c> and <c>target</c> lines.</summary>
    public string Name { get; }

    /// <summary>Value of a fresh group.</summary>
    public byte Default { get; }

    /// <summary>Words of an enumeration, the default first; empty for other kinds.</summary>
    public ReadOnlySpan<string> Members => MemberNames;

    /// <summary>One line of documentation.</summary>
    public string Doc { get; }

    internal string[] MemberNames { get; }

    internal static SettingDescriptor Bool(string name, bool defaultValue, string doc) => new(SettingKind.Bool, name, defaultValue ? (byte)1 : (byte)0, [], doc);

    internal static SettingDescriptor Enum(string name, string members, string doc) => new(SettingKind.Enum, name, 0, members.Split(' '), doc);

    internal static SettingDescriptor Num(string name, byte defaultValue, string doc) => new(SettingKind.Num, name, defaultValue, [], doc);
}

/// <summary>A word that switches a fixed set of booleans on, and never one off.</summary>
/// <param name="Name">The word.</param>
/// <param name="Switches">Bit <c>i</c> stands for the group's setting <c>i</c>.</param>
public readonly record struct SettingPreset(string Name, ulong Switches);
