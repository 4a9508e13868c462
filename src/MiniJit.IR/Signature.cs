using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Text;

namespace MiniJit.IR;

/// <summary>Calling conventions (language reference, section 5.6).</summary>
public enum CallConv : byte
{
    /// <summary>The default of the reader; no ABI stability.</summary>
    Fast,

    /// <summary>Allows tail calls.</summary>
    Tail,

    /// <summary>System V AMD64, AAPCS64.</summary>
    SystemV,

    /// <summary>Microsoft x64.</summary>
    WindowsFastcall,

    /// <summary>Apple's AAPCS64.</summary>
    AppleAarch64,

    /// <summary>The stack-probe routine's own.</summary>
    Probestack,

    /// <summary>The Winch baseline compiler's.</summary>
    Winch,

    /// <summary>Every register is callee-saved; no results.</summary>
    PreserveAll,
}

/// <summary>How a narrow integer is widened to a register where an ABI asks for it.</summary>
public enum ArgumentExtension : byte
{
    /// <summary>Upper bits are unspecified.</summary>
    None,

    /// <summary><c>uext</c>.</summary>
    Uext,

    /// <summary><c>sext</c>.</summary>
    Sext,
}

/// <summary>Special roles of a parameter.</summary>
public enum ArgumentPurpose : byte
{
    /// <summary>An ordinary value.</summary>
    Normal,

    /// <summary><c>sarg(n)</c>: a struct of n bytes passed by value, named by its address.</summary>
    StructArgument,

    /// <summary><c>sret</c>: the address where the callee stores its struct result.</summary>
    StructReturn,

    /// <summary><c>vmctx</c>: the VM context.</summary>
    VMContext,
}

/// <summary>A parameter or result of a signature.</summary>
/// <param name="Type">Type of the value.</param>
/// <param name="Extension">How to widen it.</param>
/// <param name="Purpose">Its role.</param>
/// <param name="StructSize">Bytes of a <see cref="ArgumentPurpose.StructArgument"/>, else 0.</param>
public readonly record struct AbiParam(
    IrType Type,
    ArgumentExtension Extension = ArgumentExtension.None,
    ArgumentPurpose Purpose = ArgumentPurpose.Normal,
    uint StructSize = 0)
{
    /// <summary>As CLIF writes it: type, extension, purpose.</summary>
    public override string ToString()
    {
        string extension = Extension switch
        {
            ArgumentExtension.Uext => " uext",
            ArgumentExtension.Sext => " sext",
            _ => "",
        };
        string purpose = Purpose switch
        {
            ArgumentPurpose.StructArgument => $" sarg({StructSize})",
            ArgumentPurpose.StructReturn => " sret",
            ArgumentPurpose.VMContext => " vmctx",
            _ => "",
        };
        return Type + extension + purpose;
    }
}

/// <summary>Parameters, results and calling convention of a function. Mutable until it is used; compared by value.</summary>
public sealed class Signature : IEquatable<Signature>
{
    /// <summary>An empty signature.</summary>
    /// <param name="callConv">The calling convention.</param>
    public Signature(CallConv callConv) => CallConv = callConv;

    /// <summary>Parameters, left to right.</summary>
    public List<AbiParam> Params { get; } = [];

    /// <summary>Results, left to right.</summary>
    public List<AbiParam> Returns { get; } = [];

    /// <summary>The calling convention.</summary>
    public CallConv CallConv { get; set; }

    /// <inheritdoc/>
    public bool Equals(Signature? other) =>
        other is not null && CallConv == other.CallConv && SameParams(Params, other.Params) && SameParams(Returns, other.Returns);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Signature);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        HashCode hash = default;
        hash.Add(CallConv);
        foreach (AbiParam param in Params)
        {
            hash.Add(param);
        }

        foreach (AbiParam result in Returns)
        {
            hash.Add(result);
        }

        return hash.ToHashCode();
    }

    /// <summary>Takes over another signature's contents.</summary>
    public void CopyFrom(Signature other)
    {
        Params.Clear();
        Params.AddRange(other.Params);
        Returns.Clear();
        Returns.AddRange(other.Returns);
        CallConv = other.CallConv;
    }

    /// <summary>As CLIF writes it, with the convention.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.Append('(').AppendJoin(", ", Params).Append(')');
        if (Returns.Count > 0)
        {
            text.Append(" -> ").AppendJoin(", ", Returns);
        }

        return text.Append(' ').Append(CallConv.Text()).ToString();
    }

    private static bool SameParams(List<AbiParam> a, List<AbiParam> b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        for (int i = 0; i < a.Count; i++)
        {
            if (a[i] != b[i])
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>Names and properties of calling conventions.</summary>
public static class CallConvs
{
    private static readonly string[] s_names =
        ["fast", "tail", "system_v", "windows_fastcall", "apple_aarch64", "probestack", "winch", "preserve_all"];

    /// <summary>The convention's name in CLIF.</summary>
    public static string Text(this CallConv conv) => s_names[(int)conv];

    /// <summary>Reads a convention's name.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out CallConv conv)
    {
        for (int i = 0; i < s_names.Length; i++)
        {
            if (text.SequenceEqual(s_names[i]))
            {
                conv = (CallConv)i;
                return true;
            }
        }

        conv = default;
        return false;
    }

    /// <summary>The convention of C functions of the system that this process runs on.</summary>
    public static CallConv HostDefault =>
        OperatingSystem.IsWindows() ? CallConv.WindowsFastcall
        : OperatingSystem.IsMacOS() && RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? CallConv.AppleAarch64
        : CallConv.SystemV;

    /// <summary>Whether <c>return_call</c> is allowed.</summary>
    public static bool SupportsTailCalls(this CallConv conv) => conv == CallConv.Tail;

    /// <summary>Whether a callee of this convention may be called by <c>try_call</c>.</summary>
    public static bool SupportsExceptions(this CallConv conv) =>
        conv is CallConv.Tail or CallConv.SystemV or CallConv.Winch or CallConv.PreserveAll or CallConv.AppleAarch64;

    /// <summary>Number of pointer-sized exception payload words (language reference, section 5.6).</summary>
    public static int ExceptionPayloadCount(this CallConv conv) =>
        conv is CallConv.Tail or CallConv.SystemV or CallConv.PreserveAll or CallConv.AppleAarch64 ? 2 : 0;
}
