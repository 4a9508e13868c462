using System;
using System.Globalization;

namespace MiniJit.Codegen.Settings;

/// <summary>Values of a group's settings while they are being chosen. Not thread-safe; what is built from it is immutable.</summary>
public sealed class SettingsBuilder
{
    private readonly byte[] _values;

    /// <summary>All settings at their defaults.</summary>
    public SettingsBuilder(SettingsGroup group)
    {
        Group = group;
        _values = new byte[group.Settings.Length];
        for (int i = 0; i < _values.Length; i++)
        {
            _values[i] = group.Settings[i].Default;
        }
    }

    private SettingsBuilder(SettingsGroup group, ReadOnlySpan<byte> values)
    {
        Group = group;
        _values = values.ToArray();
    }

    /// <summary>Which settings these are.</summary>
    public SettingsGroup Group { get; }

    /// <summary>The values, in the order of the group's rows.</summary>
    public ReadOnlySpan<byte> Values => _values;

    /// <summary>An independent copy.</summary>
    public SettingsBuilder Clone() => new(Group, _values);

    /// <summary>Applies a word: <c>name=value</c>, the name of a boolean, or a preset.</summary>
    /// <param name="word">The word, without blanks.</param>
    /// <param name="error">What is wrong with it; empty on success.</param>
    /// <returns>Whether it was applied; if not, nothing changed.</returns>
    public bool TryApply(ReadOnlySpan<char> word, out string error)
    {
        int equals = word.IndexOf('=');
        return equals < 0 ? TryEnable(word, out error) : TrySet(word[..equals], word[(equals + 1)..], out error);
    }

    /// <summary>Switches a boolean or a preset on.</summary>
    /// <inheritdoc cref="TryApply"/>
    public bool TryEnable(ReadOnlySpan<char> name, out string error)
    {
        error = "";
        int index = Group.Find(name);
        if (index >= 0)
        {
            if (Group.Settings[index].Kind != SettingKind.Bool)
            {
                error = $"not a boolean flag: '{name}'";
                return false;
            }

            _values[index] = 1;
            return true;
        }

        if (!Group.TryFindPreset(name, out ulong switches))
        {
            error = $"unknown setting '{name}'";
            return false;
        }

        for (int i = 0; i < _values.Length; i++)
        {
            _values[i] |= (byte)((switches >> i) & 1);
        }

        return true;
    }

    /// <summary>Gives a setting a value.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">The value as text.</param>
    /// <param name="error">What is wrong; empty on success.</param>
    /// <returns>Whether it was applied; if not, nothing changed.</returns>
    public bool TrySet(ReadOnlySpan<char> name, ReadOnlySpan<char> value, out string error)
    {
        error = "";
        int index = Group.Find(name);
        if (index < 0)
        {
            error = Group.TryFindPreset(name, out _) ? $"preset '{name}' takes no value" : $"unknown setting '{name}'";
            return false;
        }

        SettingDescriptor setting = Group.Settings[index];
        if (!TryParse(setting, value, out byte parsed))
        {
            string expected = setting.Kind switch
            {
                SettingKind.Bool => "true, on, yes, 1, false, off, no or 0",
                SettingKind.Enum => "any of " + string.Join(", ", setting.MemberNames),
                _ => "a number from 0 to 255",
            };
            error = $"invalid value '{value}' for setting '{name}', expected {expected}";
            return false;
        }

        _values[index] = parsed;
        return true;
    }

    /// <summary>Stores a raw value, which the caller knows to be one of the setting's.</summary>
    internal void SetRaw(int index, byte value) => _values[index] = value;

    private static bool TryParse(SettingDescriptor setting, ReadOnlySpan<char> text, out byte value)
    {
        value = 0;
        switch (setting.Kind)
        {
            case SettingKind.Bool:
                value = text is "true" or "on" or "yes" or "1" ? (byte)1 : (byte)0;
                return value != 0 || text is "false" or "off" or "no" or "0";
            case SettingKind.Enum:
                for (int i = 0; i < setting.MemberNames.Length; i++)
                {
                    if (text.SequenceEqual(setting.MemberNames[i]))
                    {
                        value = (byte)i;
                        return true;
                    }
                }

                return false;
            default:
                return byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        }
    }
}
