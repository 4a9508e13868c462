// Calls compiled code in this process and comes back with a value, whatever the code does.
//
// The activation lives in the caller's frame and is linked to the thread's state while the call runs, so calls nest:
// a trap leaves the innermost one. Nothing is allocated on the way in or out, except for a trap's bookkeeping.
using System.Runtime.CompilerServices;
using System.Threading;
using MiniJit.IR;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Invocation;

internal static unsafe class NativeInvoker
{
    /// <summary>How far below a thread's stack an access counts as running out of stack: a frame and its probes may be that large.</summary>
    private const nuint GuardReach = 1 << 20;

    private static readonly nuint s_belowStackPointer = (nuint)MachineTraits.Host.BelowStackPointer;

    /// <summary>
    /// Calls <c>code(function, values)</c> in the host's convention. The values are read and written by the code; what a
    /// call that trapped has left in them is unspecified.
    /// </summary>
    /// <exception cref="System.InvalidOperationException">The function is not published.</exception>
    [SkipLocalsInit]
    public static TrapInfo Invoke(nint code, JitFunction function, void* values)
    {
        NativeThreadState* state = ThreadRecord.Current.State;
        Activation activation;
        activation.Previous = state->Current;
        bool outermost = state->EntryEpoch == 0;
        if (outermost)
        {
            Volatile.Write(ref state->EntryEpoch, HostQuiescence.CurrentEpoch);
        }

        try
        {
            nint callee = function.Address;                      // looked up inside of the epoch, so it stays valid
            state->Current = &activation;
            int trapped = FaultHandling.Enter(&activation, code, callee, values);
            state->Current = activation.Previous;
            return trapped == 0 ? default : Describe(activation, state);
        }
        finally
        {
            if (outermost)
            {
                Volatile.Write(ref state->EntryEpoch, 0);
            }
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TrapInfo Describe(in Activation activation, NativeThreadState* state)
    {
        Fault fault = FaultHandling.Read(activation);
        if (fault.Kind == FaultKind.StackExhausted)
        {
            FaultHandling.RestoreStack();
        }

        nuint pc = fault.ProgramCounter;
        bool inside = FaultHandling.CodeRanges.Contains(pc);
        nuint place = inside ? pc : activation.Caller;
        JitFunction? function = HostHeaps.Find(place);
        int offset = function is null ? 0 : (int)(place - (nuint)function.Address);
        TrapCode code = IsOutOfStack(fault, state, function) ? TrapCode.StackOverflow
            : inside && function is not null ? function.TrapAt(offset)
            : default;
        return new()
        {
            Kind = code.IsNone ? TrapKind.UnexpectedFault : TrapKind.Trap,
            Code = code,
            Function = function,
            Offset = offset,

            // A return address belongs to the instruction before it.
            SourceLocation = function?.SourceLocationAt(inside ? offset : offset - 1),
            Signal = activation.Signal,
            ProgramCounter = (nint)pc,
            FaultAddress = (nint)fault.Address,
        };
    }

    /// <summary>
    /// Whether the system says so, or an access was meant for the stack and missed it: just below the stack, and not below what the stack pointer
    /// allows, unless a support routine was probing on its caller's behalf.
    /// </summary>
    private static bool IsOutOfStack(in Fault fault, NativeThreadState* state, JitFunction? function) =>
        fault.Kind == FaultKind.StackExhausted
        || (fault.Kind == FaultKind.Memory
            && state->StackLow != 0
            && fault.Address < state->StackHigh
            && fault.Address + GuardReach >= state->StackLow
            && (fault.Address + s_belowStackPointer >= fault.StackPointer || function is null));
}
