using System;
using System.Runtime.InteropServices;
using MiniJit.IR;

namespace MiniJit.Codegen.Settings;

/// <summary>Instruction sets by name; only some of them have a back end.</summary>
public enum TargetArchitecture : byte
{
#pragma warning disable CS1591 // each is the architecture of that name
    Unknown, X64, Arm64, Riscv64, S390x, Pulley32, Pulley64, Pulley32Be, Pulley64Be,
#pragma warning restore CS1591
}

/// <summary>
/// <c>ARCH</c>, <c>ARCH-OS</c> or <c>ARCH-VENDOR-OS[-ENVIRONMENT]</c>. What is not written is the empty string, which means unknown.
/// </summary>
/// <param name="Architecture">The instruction set.</param>
/// <param name="ArchitectureName">The architecture as written.</param>
/// <param name="Vendor">The vendor as written.</param>
/// <param name="OperatingSystem">The operating system as written.</param>
/// <param name="Environment">The environment as written.</param>
public readonly record struct TargetTriple(TargetArchitecture Architecture, string ArchitectureName, string Vendor, string OperatingSystem, string Environment)
{
    /// <summary>Architectures that exist elsewhere and that no build of this compiler knows.</summary>
    private static readonly string[] s_unsupported =
    [
        "i386", "i486", "i586", "i686", "arm", "armv5te", "armv6", "armv7", "thumbv6m", "thumbv7m", "thumbv7em", "wasm32", "wasm64",
        "mips", "mipsel", "mips64", "mips64el", "powerpc", "powerpc64", "powerpc64le", "sparc", "sparc64", "sparcv9", "riscv32", "riscv32i",
        "riscv32imc", "loongarch64", "avr", "bpfeb", "bpfel", "hexagon", "m68k", "msp430", "nvptx64", "aarch64_be", "xtensa",
    ];

    /// <summary>The machine this process runs on.</summary>
    public static TargetTriple Host { get; } = Parse(
        (RuntimeInformation.ProcessArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "x86_64",
            System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
            System.Runtime.InteropServices.Architecture.RiscV64 => "riscv64",
            System.Runtime.InteropServices.Architecture.S390x => "s390x",
            _ => "i686",
        }) + (System.OperatingSystem.IsWindows() ? "-pc-windows-msvc" : System.OperatingSystem.IsMacOS() ? "-apple-darwin" : "-unknown-linux-gnu"));

    /// <summary>The convention that a signature without one gets where the platform's own is asked for.</summary>
    public CallConv DefaultCallConv => OperatingSystem.StartsWith("windows", StringComparison.Ordinal)
        ? CallConv.WindowsFastcall
        : IsApple && Architecture == TargetArchitecture.Arm64 ? CallConv.AppleAarch64 : CallConv.SystemV;

    /// <summary>One of Apple's operating systems.</summary>
    public bool IsApple => OperatingSystem.StartsWith("darwin", StringComparison.Ordinal)
        || OperatingSystem.StartsWith("macos", StringComparison.Ordinal)
        || OperatingSystem.StartsWith("ios", StringComparison.Ordinal)
        || OperatingSystem.StartsWith("tvos", StringComparison.Ordinal)
        || OperatingSystem.StartsWith("watchos", StringComparison.Ordinal)
        || OperatingSystem.StartsWith("visionos", StringComparison.Ordinal);

    /// <summary>Width of an address in bits.</summary>
    public int PointerBits => Architecture is TargetArchitecture.Pulley32 or TargetArchitecture.Pulley32Be ? 32 : 64;

    /// <summary>Whether the most significant byte comes first in memory.</summary>
    public bool IsBigEndian => Architecture is TargetArchitecture.S390x or TargetArchitecture.Pulley32Be or TargetArchitecture.Pulley64Be;

    /// <summary>Reads a triple. An architecture that exists but is not known here gives <see cref="TargetArchitecture.Unknown"/>.</summary>
    /// <returns>False if the text is no triple.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out TargetTriple triple)
    {
        triple = default;
        Span<Range> parts = stackalloc Range[5];
        int count = text.Split(parts, '-');
        ReadOnlySpan<char> name = text[parts[0]];
        TargetArchitecture architecture = name switch
        {
            "x86_64" or "x86_64h" or "amd64" => TargetArchitecture.X64,
            "aarch64" or "arm64" or "arm64e" => TargetArchitecture.Arm64,
            "s390x" => TargetArchitecture.S390x,
            "pulley32" => TargetArchitecture.Pulley32,
            "pulley64" => TargetArchitecture.Pulley64,
            "pulley32be" => TargetArchitecture.Pulley32Be,
            "pulley64be" => TargetArchitecture.Pulley64Be,
            _ => name.StartsWith("riscv64") ? TargetArchitecture.Riscv64 : TargetArchitecture.Unknown,
        };
        if (count > 4 || (architecture == TargetArchitecture.Unknown && !IsUnsupported(name)))
        {
            return false;
        }

        for (int i = 1; i < count; i++)
        {
            if (text[parts[i]].IsEmpty)
            {
                return false;
            }
        }

        // "x86_64-linux": two parts are architecture and operating system.
        string Part(ReadOnlySpan<char> from, Range range) => Known(from[range]);
        triple = count switch
        {
            1 => new(architecture, name.ToString(), "", "", ""),
            2 => new(architecture, name.ToString(), "", Part(text, parts[1]), ""),
            3 => new(architecture, name.ToString(), Part(text, parts[1]), Part(text, parts[2]), ""),
            _ => new(architecture, name.ToString(), Part(text, parts[1]), Part(text, parts[2]), Part(text, parts[3])),
        };
        return true;
    }

    /// <summary>The triple as written; unknown parts between known ones read <c>unknown</c>.</summary>
    public override string ToString()
    {
        if (OperatingSystem.Length == 0)
        {
            return ArchitectureName ?? "unknown";
        }

        string vendor = Vendor.Length == 0 ? "unknown" : Vendor;
        return Environment.Length == 0 ? $"{ArchitectureName}-{vendor}-{OperatingSystem}" : $"{ArchitectureName}-{vendor}-{OperatingSystem}-{Environment}";
    }

    private static string Known(ReadOnlySpan<char> part) => part is "unknown" ? "" : part.ToString();

    private static TargetTriple Parse(string text) => TryParse(text, out TargetTriple triple) ? triple : throw new ArgumentException(text, nameof(text));

    private static bool IsUnsupported(ReadOnlySpan<char> name)
    {
        foreach (string known in s_unsupported)
        {
            if (name.SequenceEqual(known))
            {
                return true;
            }
        }

        return false;
    }
}
