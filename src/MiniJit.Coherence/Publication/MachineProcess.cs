// A place to call published functions in: a core with a stack and room for values, and the heap that its code lives in.
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using MiniJit.IR;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;

namespace MiniJit.Coherence.Publication;

/// <summary>How a call on the machine ended.</summary>
/// <param name="End">Returned, or how it was cut short; a value like that of native calls.</param>
/// <param name="Problem">What else kept it from returning: the instruction budget, a system call.</param>
internal readonly record struct MachineEnd(TrapInfo End, string Problem);

internal sealed class MachineProcess : IDisposable
{
    private const ulong StackTop = 0x7F_0000_0000, StackSize = 8 << 20, Values = 0x7E_0000_0000, ValuesSize = 1 << 20;

    /// <summary>How far below the stack an access counts as running out of stack: a frame and its probes may be that large.</summary>
    private const ulong GuardReach = 1 << 20;

    private const int SignalIllegal = 4, SignalTrap = 5, SignalBus = 7, SignalSegmentation = 11;

    public MachineProcess()
    {
        Machine = new();
        Heap = MachineHeap.Create(new(Machine));
        Machine.Space.Map(StackTop - StackSize, StackSize, PagePermissions.Read | PagePermissions.Write);
        Machine.Space.Map(Values, ValuesSize, PagePermissions.Read | PagePermissions.Write);
    }

    public Arm64Machine Machine { get; }

    public CodeHeap Heap { get; }

    /// <summary>Instructions executed so far.</summary>
    public long Retired => Machine.Cores[0].Retired;

    /// <summary>How many values a call can pass.</summary>
    public static int MaxValues => (int)ValuesSize / 16;

    /// <summary>Calls <c>trampoline(function, values)</c>, see <see cref="TrampolineBuilder"/>.</summary>
    /// <param name="trampoline">The trampoline of the function's signature.</param>
    /// <param name="function">The callee.</param>
    /// <param name="values">Arguments; afterwards results.</param>
    /// <param name="budget">How many instructions the call may execute.</param>
    public MachineEnd Call(JitFunction trampoline, JitFunction function, Span<UInt128> values, long budget)
    {
        Core core = Machine.Cores[0];
        Span<byte> bytes = MemoryMarshal.AsBytes(values);
        core.State = default;
        core.State.General[CoreState.StackPointer] = StackTop;
        if (!bytes.IsEmpty && !core.TryStore(Values, bytes))
        {
            return new(default, $"there are more than {MaxValues} values");
        }

        switch (core.Call((ulong)trampoline.Address, [(ulong)function.Address, Values], budget))
        {
            case StopReason.Returned:
                _ = bytes.IsEmpty || core.TryLoad(Values, bytes);
                return new(default, "");
            case StopReason.TurnOver:
                return new(default, $"the instruction budget of {budget} is used up");
            case StopReason.SupervisorCall:
                return new(default, $"system call {core.State.General[8]} at 0x{core.State.Pc - 4:x}");
            default:
                return new(Describe(core.Exception), "");
        }
    }

    public void Dispose()
    {
        Heap.Dispose();
        Machine.Dispose();
    }

    private TrapInfo Describe(in CoreException exception)
    {
        Heap.TryFindFunction((nint)exception.ProgramCounter, out JitFunction? function, out int offset);
        ulong address = exception.Fault.Address;
        bool outOfStack = exception.Kind == CoreExceptionKind.DataAbort && StackTop - StackSize - 1 - address < GuardReach;
        TrapCode code = outOfStack ? TrapCode.StackOverflow : function is null ? default : function.TrapAt(offset);
        return new()
        {
            Kind = code.IsNone ? TrapKind.UnexpectedFault : TrapKind.Trap,
            Code = code,
            Function = function,
            Offset = offset,
            SourceLocation = function?.SourceLocationAt(offset),
            Signal = exception.Kind switch
            {
                CoreExceptionKind.UndefinedInstruction => SignalIllegal,
                CoreExceptionKind.Breakpoint => SignalTrap,
                CoreExceptionKind.ProgramCounterAlignment => SignalBus,
                CoreExceptionKind.DataAbort when exception.Fault.Kind == MemoryFaultKind.Alignment => SignalBus,
                _ => SignalSegmentation,
            },
            ProgramCounter = (nint)exception.ProgramCounter,
            FaultAddress = exception.Kind is CoreExceptionKind.DataAbort or CoreExceptionKind.InstructionAbort ? (nint)address : 0,
        };
    }
}
