using System;
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Backend.X64;
using MiniJit.Codegen.Settings;

namespace MiniJit.Filetests.Files;

/// <summary>What became of a <c>target</c> line.</summary>
internal enum TargetLineKind : byte
{
    /// <summary>A target to test.</summary>
    Usable,

    /// <summary>An architecture that test files know and that has no back end here: nothing is compiled for it.</summary>
    NotBuilt,

    /// <summary>An architecture that nobody supports: the file is skipped.</summary>
    Unsupported,

    /// <summary>It is malformed.</summary>
    Error,
}

/// <summary>Reads a triple followed by settings, as <c>target</c> lines and the command line write them.</summary>
internal static class TargetLine
{
    /// <summary>The group of an architecture with a back end; null for others.</summary>
    public static SettingsGroup? GroupOf(TargetArchitecture architecture) => architecture switch
    {
        TargetArchitecture.X64 => X64Settings.Group,
        TargetArchitecture.Arm64 => Arm64Settings.Group,
        _ => null,
    };

    /// <summary>Reads the words.</summary>
    public static TargetLineKind Read(IReadOnlyList<string> words, SharedSettings shared, out TargetSpec? spec, out string error)
    {
        spec = null;
        error = "";
        if (words.Count == 0)
        {
            error = "expected a target triple";
            return TargetLineKind.Error;
        }

        if (!TargetTriple.TryParse(words[0], out TargetTriple triple))
        {
            error = $"'{words[0]}' is no target triple";
            return TargetLineKind.Error;
        }

        if (triple.Architecture == TargetArchitecture.Unknown)
        {
            return TargetLineKind.Unsupported;
        }

        SettingsGroup? group = GroupOf(triple.Architecture);
        SettingsBuilder? isa = group is null ? null : new(group);
        for (int i = 1; isa is not null && i < words.Count; i++)
        {
            if (!isa.TryApply(words[i], out error))
            {
                return TargetLineKind.Error;
            }
        }

        spec = new() { Triple = triple, Text = string.Join(' ', words), Shared = shared, Isa = isa };
        return isa is null ? TargetLineKind.NotBuilt : TargetLineKind.Usable;
    }
}
