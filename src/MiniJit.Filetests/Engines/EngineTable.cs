// Which engines there are and which of them can execute code for an architecture on this machine.
using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Codegen.Settings;
using MiniJit.Runtime.Invocation;

namespace MiniJit.Filetests.Engines;

/// <summary>What executes compiled code.</summary>
internal enum EngineKind : byte
{
    /// <summary>This process.</summary>
    Native,

    /// <summary>The AArch64 machine of our own, in this process.</summary>
    Machine,

    /// <summary>qemu, in a process of its own.</summary>
    Qemu,
}

/// <summary>What the command line asks for.</summary>
internal enum EngineChoice : byte
{
    /// <summary>The first that can: native code, else the machine.</summary>
    Default,

    /// <summary>Only <see cref="EngineKind.Native"/>.</summary>
    Native,

    /// <summary>Only <see cref="EngineKind.Machine"/>.</summary>
    Machine,

    /// <summary>Only <see cref="EngineKind.Qemu"/>.</summary>
    Qemu,

    /// <summary>All that can, which must agree.</summary>
    All,
}

/// <summary>The engines.</summary>
internal static class EngineTable
{
    private static readonly string[] s_names = ["native", "machine", "qemu"];    // in the order of EngineKind
    private static readonly string[] s_choices = ["native", "machine", "qemu", "all"];    // in the order of EngineChoice, from 1
    private static readonly TargetTriple s_arm64 = new(TargetArchitecture.Arm64, "aarch64", "", "", "");
    private static string? s_qemu;

    /// <summary>What the command line may ask for.</summary>
    public static IReadOnlyList<string> Choices => s_choices;

    /// <summary>The qemu program for AArch64; empty if it is not installed.</summary>
    public static string QemuPath => s_qemu ??= FindProgram("qemu-aarch64", "qemu-aarch64-static");

    /// <summary>An engine's name.</summary>
    public static string NameOf(EngineKind kind) => s_names[(int)kind];

    /// <summary>Reads a choice; empty text is <see cref="EngineChoice.Default"/>.</summary>
    public static bool TryRead(string text, out EngineChoice choice)
    {
        int index = text.Length == 0 ? -1 : Array.IndexOf(s_choices, text);
        choice = (EngineChoice)(index + 1);
        return text.Length == 0 || index >= 0;
    }

    /// <summary>Why an engine cannot execute code for an architecture here; empty if it can.</summary>
    public static string WhyNot(EngineKind kind, TargetTriple triple) => kind switch
    {
        EngineKind.Native when triple.Architecture != TargetTriple.Host.Architecture => $"foreign architecture {triple.ArchitectureName}",
        EngineKind.Native => FaultHandling.WhyNot,
        _ when triple.Architecture != TargetArchitecture.Arm64 => $"the {NameOf(kind)} engine executes aarch64 code, not {triple.ArchitectureName}",
        EngineKind.Machine => "",
        _ => QemuPath.Length == 0 ? "qemu-aarch64 is not installed" : "",
    };

    /// <summary>Why an engine that was asked for by name can execute nothing here, whatever the target; empty if it can.</summary>
    public static string WhyUnusable(EngineChoice choice) => choice switch
    {
        EngineChoice.Machine => WhyNot(EngineKind.Machine, s_arm64),
        EngineChoice.Qemu => WhyNot(EngineKind.Qemu, s_arm64),
        _ => "",
    };

    /// <summary>The engines that a choice means for an architecture.</summary>
    /// <param name="choice">What was asked for.</param>
    /// <param name="triple">The target.</param>
    /// <param name="kinds">The engines; none if there is a reason.</param>
    /// <returns>Why there is none; empty if there is one.</returns>
    public static string Choose(EngineChoice choice, TargetTriple triple, List<EngineKind> kinds)
    {
        string first = "";
        for (EngineKind kind = EngineKind.Native; kind <= EngineKind.Qemu; kind++)
        {
            bool isWanted = choice is EngineChoice.All || (choice == EngineChoice.Default ? kind != EngineKind.Qemu : (int)choice - 1 == (int)kind);
            string reason = isWanted ? WhyNot(kind, triple) : "";
            if (isWanted && reason.Length == 0)
            {
                kinds.Add(kind);
                if (choice == EngineChoice.Default)
                {
                    break;
                }
            }

            first = first.Length == 0 ? reason : first;
        }

        return kinds.Count == 0 ? first : "";
    }

    private static string FindProgram(params ReadOnlySpan<string> names)
    {
        foreach (string directory in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            foreach (string name in names)
            {
                string path = Path.Combine(directory, name);
                if (File.Exists(path))
                {
                    return path;
                }
            }
        }

        return "";
    }
}
