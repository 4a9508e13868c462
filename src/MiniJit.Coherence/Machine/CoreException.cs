using System.Globalization;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Machine;

/// <summary>Why a core left its dispatch loop.</summary>
internal enum StopReason : byte
{
    /// <summary>The instructions of the turn are used up.</summary>
    TurnOver,

    /// <summary>SVC; the program counter is behind it.</summary>
    SupervisorCall,

    /// <summary>The program counter is <see cref="Core.ReturnAddress"/>: a call that the host made has returned.</summary>
    Returned,

    /// <summary>See <see cref="Core.Exception"/>; the program counter is at the instruction, which had no effect.</summary>
    Exception,
}

internal enum CoreExceptionKind : byte
{
    None,

    /// <summary>UDF, an unallocated word, or an instruction that this machine does not have.</summary>
    UndefinedInstruction,

    /// <summary>BRK.</summary>
    Breakpoint,

    /// <summary>A load or store faulted.</summary>
    DataAbort,

    /// <summary>A fetch faulted.</summary>
    InstructionAbort,

    /// <summary>The program counter is not a multiple of 4.</summary>
    ProgramCounterAlignment,
}

/// <summary>A synchronous exception as a value.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="ProgramCounter">Where.</param>
/// <param name="Word">The instruction; 0 if it could not be fetched.</param>
/// <param name="Fault">For aborts: which access.</param>
internal readonly record struct CoreException(CoreExceptionKind Kind, ulong ProgramCounter, uint Word, MemoryFault Fault)
{
    public override string ToString()
    {
        string fault = Fault.Kind == MemoryFaultKind.None ? "" : $", {Fault}";
        return string.Create(CultureInfo.InvariantCulture, $"{Kind} at 0x{ProgramCounter:x} ({Word:x8}){fault}");
    }
}
