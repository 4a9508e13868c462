// A failing run as a text file: what was run, on what, the choices that deviate, and how it must fail. Small enough to paste into a report.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Security.Cryptography;
using System.Text;
using MiniJit.Coherence.Choices;
using MiniJit.IR;

namespace MiniJit.Coherence.Replay;

/// <summary>A value of the experiment's configuration.</summary>
/// <param name="Name">As on the command line, without dashes.</param>
/// <param name="Value">One line.</param>
/// <param name="Span">Where it was read.</param>
internal readonly record struct RecordedSetting(string Name, string Value, SourceSpan Span = default);

/// <summary>A file that takes part.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Hash">SHA-256 of its content, in hexadecimal digits.</param>
/// <param name="Span">Where it was read.</param>
internal readonly record struct RecordedFile(string Path, string Hash, SourceSpan Span = default);

internal sealed record Recording
{
    /// <summary>Changes whenever files of before cannot be replayed any more.</summary>
    public const int FormatVersion = 1;

    /// <summary>The first word of every recording.</summary>
    public const string Magic = "minijit-lab";

    /// <summary>Version of the product that recorded it.</summary>
    public required string Product { get; init; }

    /// <summary>What kind of experiment it is: <c>suite</c>, <c>scenario</c>, <c>mutant</c>.</summary>
    public required string Experiment { get; init; }

    public IReadOnlyList<RecordedSetting> Settings { get; init; } = [];

    public IReadOnlyList<RecordedFile> Files { get; init; } = [];

    /// <summary>How it must fail.</summary>
    public required LabFailure Failure { get; init; }

    public IReadOnlyList<RecordedChoice> Choices { get; init; } = [];

    /// <summary>The hash of some content.</summary>
    public static string HashOf(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>A file that is there now.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RecordedFile FileOf(string path) => new(path.Replace('\\', '/'), HashOf(File.ReadAllBytes(path)));

    /// <summary>The value of a setting, or null.</summary>
    public string? Find(string name)
    {
        foreach (RecordedSetting setting in Settings)
        {
            if (setting.Name == name)
            {
                return setting.Value;
            }
        }

        return null;
    }

    /// <summary>The text of the file.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Magic} {FormatVersion}\nproduct {OneLine(Product)}\nexperiment {OneLine(Experiment)}\n");
        foreach (RecordedSetting setting in Settings)
        {
            text.Append(CultureInfo.InvariantCulture, $"set {setting.Name} {OneLine(setting.Value)}\n");
        }

        foreach (RecordedFile file in Files)
        {
            text.Append(CultureInfo.InvariantCulture, $"file {file.Hash} {OneLine(file.Path)}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"fails {OneLine(Failure.Subject)}\nsymptom {OneLine(Failure.Symptom)}\n");
        if (Failure.Detail.Length != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"detail {OneLine(Failure.Detail)}\n");
        }

        foreach (RecordedChoice choice in Choices)
        {
            text.Append(CultureInfo.InvariantCulture, $"choice {choice.Kind} core {choice.Core} at {choice.Position} takes {choice.Value}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"end {Choices.Count}\n");
        return text.ToString();
    }

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}
