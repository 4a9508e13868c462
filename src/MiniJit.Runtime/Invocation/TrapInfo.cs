using System.Globalization;
using MiniJit.IR;
using MiniJit.Runtime.Linking;

namespace MiniJit.Runtime.Invocation;

/// <summary>Why a call did not return.</summary>
public enum TrapKind : byte
{
    /// <summary>It did return.</summary>
    None,

    /// <summary>A trap that the code announces: <see cref="TrapInfo.Code"/> says which.</summary>
    Trap,

    /// <summary>The machine faulted where no trap was announced: a wild jump, a bad pointer given to a library, a bug of the compiler.</summary>
    UnexpectedFault,
}

/// <summary>How a call into compiled code ended. A plain value: it stays valid when the code is freed.</summary>
public readonly record struct TrapInfo
{
    /// <summary>Whether and why the call was cut short.</summary>
    public TrapKind Kind { get; internal init; }

    /// <summary>The trap code, if <see cref="Kind"/> is <see cref="TrapKind.Trap"/>.</summary>
    public TrapCode Code { get; internal init; }

    /// <summary>The function that trapped or, for a fault outside of compiled code, that made the call which led there; null if unknown.</summary>
    public JitFunction? Function { get; internal init; }

    /// <summary>Offset into the function: of the instruction that trapped, or the return address of the call that led out of it.</summary>
    public int Offset { get; internal init; }

    /// <summary>The CLIF source location (<c>@0001</c>) of that offset, if the code has one.</summary>
    public uint? SourceLocation { get; internal init; }

    /// <summary>The signal (Linux, macOS) or exception code (Windows) that reported it; 0 if none was involved.</summary>
    public int Signal { get; internal init; }

    /// <summary>The program counter.</summary>
    public nint ProgramCounter { get; internal init; }

    /// <summary>The address that could not be accessed, for memory faults.</summary>
    public nint FaultAddress { get; internal init; }

    /// <summary>Whether the call was cut short.</summary>
    public bool IsTrap => Kind != TrapKind.None;

    /// <summary>One line for people: <c>trap int_divz in %f+0x1c @0003</c>.</summary>
    public override string ToString()
    {
        if (Kind == TrapKind.None)
        {
            return "returned";
        }

        string place = Function is null ? "" : string.Create(CultureInfo.InvariantCulture, $" in {Function.Name}+0x{Offset:x}");
        string source = SourceLocation is { } location ? string.Create(CultureInfo.InvariantCulture, $" @{location:x4}") : "";
        return Kind == TrapKind.Trap
            ? $"trap {Code}{place}{source}"
            : string.Create(CultureInfo.InvariantCulture, $"unexpected {FaultHandling.NameOf(Signal)}{place}{source}, pc 0x{ProgramCounter:x}, address 0x{FaultAddress:x}");
    }
}
