using MiniJit.Codegen.Settings;

namespace MiniJit.Filetests.Files;

/// <summary>A target of a test file: a <c>target</c> line with the shared settings as they were there. Immutable.</summary>
internal sealed class TargetSpec
{
    /// <summary>The triple.</summary>
    public required TargetTriple Triple { get; init; }

    /// <summary>Triple and settings as written.</summary>
    public required string Text { get; init; }

    /// <summary>Shared settings at that place of the file.</summary>
    public required SharedSettings Shared { get; init; }

    /// <summary>The architecture's own settings, which nobody changes any more; null if there is no back end for it.</summary>
    public required SettingsBuilder? Isa { get; init; }

    /// <summary>Whether there is a back end.</summary>
    public bool IsBuilt => Isa is not null;
}
