// What the single-file commands share: reading files, diagnostics with carets on standard error, exit codes.
using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Backend.Arm64;
using MiniJit.Backend.X64;
using MiniJit.Codegen.Settings;
using MiniJit.Filetests.Files;
using MiniJit.IR;

namespace MiniJit.Filetests.Tools;

/// <summary>How a command ended.</summary>
internal static class ExitCode
{
    /// <summary>Everything was as it should be.</summary>
    public const int Success = 0;

    /// <summary>A test failed, or an input is wrong.</summary>
    public const int Failure = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A defect of the program.</summary>
    public const int Internal = 3;
}

/// <summary>What the command line says about compilation.</summary>
internal sealed record ToolOptions
{
    /// <summary>Triple and settings; empty for the host.</summary>
    public string Target { get; init; } = "";

    /// <summary><c>name[=value]</c>, shared settings or the target's.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary><c>opt_level</c>; empty for what <see cref="Settings"/> say.</summary>
    public string OptLevel { get; init; } = "";
}

/// <summary>Input and output of a command.</summary>
internal sealed class ToolContext(TextWriter output, TextWriter error)
{
    private readonly Parser _parser = new();

    public TextWriter Output { get; } = output;

    public TextWriter Error { get; } = error;

    /// <summary>Reads a file, <c>-</c> being standard input; null if that fails, which has been reported.</summary>
    public ParsedFile? Read(string path, CallConv? defaultCallConv = null)
    {
        string text;
        try
        {
            text = path == "-" ? Console.In.ReadToEnd() : File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Error.Write($"minijit: {e.Message}\n");
            return null;
        }

        ParsedFile file = _parser.Read(new SourceText(path == "-" ? "<stdin>" : path, text), defaultCallConv);
        return Report(file.Diagnostics.Items) ? file : null;
    }

    /// <summary>Reads files and does something with each, whatever happens to the others.</summary>
    /// <param name="paths">The files.</param>
    /// <param name="action">Says whether all is well; what is not has been reported.</param>
    /// <param name="defaultCallConv">The convention of signatures that name none.</param>
    public int ForEach(IReadOnlyList<string> paths, Func<string, ParsedFile, bool> action, CallConv? defaultCallConv = null)
    {
        int exit = ExitCode.Success;
        foreach (string path in paths)
        {
            if (Read(path, defaultCallConv) is not ParsedFile file || !action(path, file))
            {
                exit = ExitCode.Failure;
            }
        }

        return exit;
    }

    /// <summary>Writes diagnostics; true if there are none.</summary>
    public bool Report(IReadOnlyList<Diagnostic> diagnostics)
    {
        foreach (Diagnostic diagnostic in diagnostics)
        {
            Error.Write($"{diagnostic.Format()}\n");
        }

        return diagnostics.Count == 0;
    }

    /// <summary>Reports a problem in one line.</summary>
    public int Fail(string message)
    {
        Error.Write($"minijit: {message}\n");
        return ExitCode.Failure;
    }

    /// <summary>Reports what is wrong with the command line.</summary>
    public int Usage(string message)
    {
        Error.Write($"minijit: {message}\n");
        return ExitCode.Usage;
    }

    /// <summary>The target that the command line asks for; the host with everything it has if it asks for none.</summary>
    /// <param name="options">The command line.</param>
    /// <param name="settings">Shared settings to start from.</param>
    /// <param name="spec">The target.</param>
    /// <param name="error">What is wrong.</param>
    public static bool TryGetTarget(ToolOptions options, SettingsBuilder settings, out TargetSpec? spec, out string error)
    {
        string line = options.Target.Length == 0 ? HostTarget() : options.Target;
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        List<string> all = [.. words];
        spec = null;
        foreach (string setting in options.Settings)
        {
            // Names that the shared group does not know are the target's.
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (SharedSettings.Group.Find(equals < 0 ? setting : setting.AsSpan(0, equals)) < 0)
            {
                all.Add(setting);
            }
            else if (!settings.TryApply(setting, out error))
            {
                return false;
            }
        }

        if (options.OptLevel.Length != 0 && !settings.TrySet("opt_level", options.OptLevel, out error))
        {
            return false;
        }

        switch (TargetLine.Read(all, new SharedSettings(settings), out spec, out error))
        {
            case TargetLineKind.Usable:
                return true;
            case TargetLineKind.Error:
                return false;
            default:
                error = $"there is no back end for '{all[0]}'";
                return false;
        }
    }

    /// <summary>The host's triple and all CPU features it has.</summary>
    public static string HostTarget()
    {
        TargetTriple host = TargetTriple.Host;
        string text = host.Architecture switch
        {
            TargetArchitecture.X64 => $"{host} {X64Settings.Group.NamesOf((uint)X64Settings.HostFeatures)}",
            TargetArchitecture.Arm64 => $"{host} {Arm64Settings.Group.NamesOf((uint)Arm64Settings.HostFeatures)}",
            _ => host.ToString(),
        };
        return text.TrimEnd();
    }
}
