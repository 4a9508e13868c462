// The deterministic half of the model: dispatching in order.
using System;
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Litmus;
using MiniJit.Coherence.Machine;

namespace MiniJit.Coherence.Exploration;

internal sealed partial class FetchModel
{
    private const int CleanDataOperation = 0b011_0111_1011_001, CleanCoherencyOperation = 0b011_0111_1010_001, CleanInvalidateOperation = 0b011_0111_1110_001,
        InvalidateOperation = 0b011_0111_0101_001, InvalidateAllOperation = 0b000_0111_0101_000, InvalidateAllSharedOperation = 0b000_0111_0001_000;

    private enum DispatchResult : byte
    {
        /// <summary>The head waits for a load, or for room.</summary>
        Waits,
        Done,

        /// <summary>Done, and what was fetched is forgotten: fetching goes on at <see cref="CoreFetchState.Fetch"/>.</summary>
        Flushed,

        /// <summary>The path was predicted wrongly and does not exist.</summary>
        Mispredicted,
    }

    private DispatchResult Dispatch(FetchState state, CoreFetchState thread, int core)
    {
        FetchedInstruction head = thread.Queue[0];
        ref readonly A64Instruction i = ref _instructions[head.Word];
        switch (i.Form)
        {
            case A64Form.Hint or A64Form.B:
                return DispatchResult.Done;

            case A64Form.Bl:
                thread.Registers[_registerSlot[30]] = _addresses[head.Position + 1];
                return DispatchResult.Done;

            case A64Form.Br or A64Form.Blr or A64Form.Ret:
                return DispatchIndirect(thread, core, head, i);

            case A64Form.Cbz or A64Form.Cbnz:
                return DispatchZero(thread, head, i);

            case A64Form.Tbz or A64Form.Tbnz:
                return !TryRead(thread, i.Rd, 8, out ulong tested) ? DispatchResult.Waits
                    : Judge(head, i, (((tested >> i.Aux) & 1) != 0) == (i.Form == A64Form.Tbnz));

            case A64Form.BCond:
                return Judge(head, i, Holds(i.Cond, thread.Flags));

            case A64Form.Dmb:
                return Fly(thread, ((int)i.Imm & 3) switch { 1 => FlightKind.BarrierLoad, 2 => FlightKind.BarrierStore, _ => FlightKind.BarrierFull }, 0, 0, 0);

            case A64Form.Dsb:
                return DispatchDsb(thread, (int)i.Imm & 3);

            case A64Form.Isb:
                return Redirect(thread, head.Position + 1);

            case A64Form.Sys:
                return DispatchCache(thread, i);

            case A64Form.Svc when SystemCall.TryFind(i.Imm, out SystemCallKind call):
                return CallSystem(state, core, call, head.Position + 1);

            case A64Form.Udf or A64Form.Svc or A64Form.Brk:
                return TakeException(thread, core, head.Position, i.Form == A64Form.Svc ? 1 : 0);

            case A64Form.Eret:
                return thread.Registers[_elr] is var elr && (elr & CoreFetchState.Pending) != 0 ? DispatchResult.Waits : Redirect(thread, _positions[elr]);

            case A64Form.LoadStoreUnsigned or A64Form.LoadStoreRegister or A64Form.Ldar or A64Form.Stlr:
                return DispatchAccess(thread, i);

            default:
                return DispatchData(thread, head.Position, i);
        }
    }

    private static DispatchResult Judge(FetchedInstruction head, in A64Instruction i, bool taken) =>
        head.Next == head.Position + (taken ? i.Imm / 4 : 1) ? DispatchResult.Done : DispatchResult.Mispredicted;

    private DispatchResult DispatchIndirect(CoreFetchState thread, int core, FetchedInstruction head, in A64Instruction i)
    {
        ushort target = thread.Registers[_registerSlot[i.Rn]];
        ushort predicted = head.Next < 0 ? Intern(LitmusTest.AddressOf(head.Next)) : _addresses[head.Next];
        if ((target & CoreFetchState.Pending) != 0)
        {
            // Go on as predicted; the load that is waited for will tell.
            DispatchResult result = Fly(thread, FlightKind.CheckEqual, 0, predicted, target);
            if (result != DispatchResult.Done)
            {
                return result;
            }
        }
        else if (target != predicted)
        {
            CheckGuessed(i.Form == A64Form.Ret ? _returns[core] : _targets, _positions[target]);
            return DispatchResult.Mispredicted;
        }

        if (i.Form == A64Form.Blr)
        {
            thread.Registers[_registerSlot[30]] = _addresses[head.Position + 1];
        }

        return DispatchResult.Done;
    }

    /// <summary>A branch that goes where no prediction does would lose executions without a word: all begins again with this prediction as well.</summary>
    private void CheckGuessed(List<short> guesses, int position)
    {
        if (position >= 0 && !guesses.Contains((short)position))
        {
            _test.Guesses.Add((short)position);
            _problem = "a branch was not predicted";
        }
    }

    private DispatchResult DispatchZero(CoreFetchState thread, FetchedInstruction head, in A64Instruction i)
    {
        ushort value = i.Rd == 31 ? _zero : thread.Registers[_registerSlot[i.Rd]];
        bool onZero = i.Form == A64Form.Cbz;
        if ((value & CoreFetchState.Pending) == 0)
        {
            ulong tested = i.Size == 4 ? (uint)_values[value] : _values[value];
            return Judge(head, i, (tested == 0) == onZero);
        }

        bool predictedTaken = head.Next == head.Position + (i.Imm / 4);
        FlightKind check = i.Imm == 4 ? FlightKind.CheckArrived : predictedTaken == onZero ? FlightKind.CheckZero : FlightKind.CheckNotZero;
        return Fly(thread, check, 0, 0, value);
    }

    // DSB waits until what it orders has taken effect, so nothing of it needs to stay in flight.
    private static DispatchResult DispatchDsb(CoreFetchState thread, int kind)
    {
        foreach (ref readonly FlightOperation operation in thread.Window.AsSpan(0, thread.WindowCount))
        {
            bool isLoad = operation.Kind <= FlightKind.LoadAcquire, isStore = operation.Kind is FlightKind.Store or FlightKind.StoreRelease;
            bool isBarrier = operation.Kind is >= FlightKind.BarrierFull and <= FlightKind.BarrierStore;
            if (kind == 1 ? isLoad : kind == 2 ? isStore : !isBarrier)
            {
                return DispatchResult.Waits;
            }
        }

        if (kind is not (1 or 2))
        {
            thread.WindowCount = 0;
        }

        return DispatchResult.Done;
    }

    /// <summary>A context-synchronising event: earlier branches must be resolved, earlier loads need not have returned.</summary>
    private static DispatchResult Redirect(CoreFetchState thread, int position)
    {
        if (!IsResolved(thread))
        {
            return DispatchResult.Waits;
        }

        if (position < 0)
        {
            return DispatchResult.Mispredicted;
        }

        thread.Fetch = (short)position;
        return DispatchResult.Flushed;
    }

    /// <summary>Whether no branch waits for its load.</summary>
    private static bool IsResolved(CoreFetchState thread)
    {
        foreach (ref readonly FlightOperation operation in thread.Window.AsSpan(0, thread.WindowCount))
        {
            if (operation.Kind >= FlightKind.CheckArrived)
            {
                return false;
            }
        }

        return true;
    }

    private DispatchResult TakeException(CoreFetchState thread, int core, int position, int resume)
    {
        LitmusRegion handler = _test.Handlers[core];
        DispatchResult result = Redirect(thread, handler.Count == 0 ? 0 : handler.First);
        if (result == DispatchResult.Flushed)
        {
            thread.Registers[_elr] = _addresses[position + resume];
            if (_registerSlot[LitmusPlace.Fault] is >= 0 and int fault)
            {
                thread.Registers[fault] = _addresses[position];
            }

            if (handler.Count == 0)
            {
                thread.Fetch = CoreFetchState.Ended;           // nobody handles it: the thread is over
            }
        }

        return result;
    }

    /// <summary>Into the kernel: everything before is visible (smp_mb) except invalidations that nobody waited for, and the context is synchronised.</summary>
    private DispatchResult CallSystem(FetchState state, int core, SystemCallKind call, int resume)
    {
        CoreFetchState thread = state.Cores[core];
        foreach (ref readonly FlightOperation operation in thread.Window.AsSpan(0, thread.WindowCount))
        {
            if (operation.Kind is not (FlightKind.InvalidateInstruction or FlightKind.InvalidateAll))
            {
                return DispatchResult.Waits;
            }
        }

        if (call != SystemCallKind.SynchronizeCores)
        {
            InvalidateAllLines(state.ToChange(), core);
        }

        if (call == SystemCallKind.InvalidateHere)
        {
            return Redirect(thread, resume);
        }

        DispatchResult result = Fly(thread, FlightKind.AwaitCores, 0, (ushort)resume, 0);
        for (int other = 0; other < state.Cores.Length && result == DispatchResult.Done; other++)
        {
            CoreFetchState target = state.Cores[other];
            bool isOver = target.Fetch == CoreFetchState.Ended && target.QueueCount == 0 && target.WindowCount == 0;
            if (other != core && !isOver)
            {
                state.ToChange().Interrupts[other] |= (ushort)((call == SystemCallKind.InvalidateEverywhere ? 0x101 : 1) << core);
            }
        }

        thread.Fetch = CoreFetchState.Stalled;
        return result == DispatchResult.Done ? DispatchResult.Flushed : result;
    }

    private DispatchResult DispatchCache(CoreFetchState thread, in A64Instruction i)
    {
        FlightKind kind = (int)i.Imm switch
        {
            CleanDataOperation or CleanCoherencyOperation or CleanInvalidateOperation => FlightKind.CleanData,
            InvalidateOperation => FlightKind.InvalidateInstruction,
            InvalidateAllOperation or InvalidateAllSharedOperation => FlightKind.InvalidateAll,
            _ => FlightKind.CheckNotZero,
        };
        if (kind == FlightKind.CheckNotZero)
        {
            return Refuse(i);
        }

        ushort address = HandleOf(thread, i.Rd);
        return (address & CoreFetchState.Pending) != 0 ? DispatchResult.Waits : Fly(thread, kind, 0, address, 0);
    }

    private DispatchResult DispatchAccess(CoreFetchState thread, in A64Instruction i)
    {
        bool isOrdered = i.Form is A64Form.Ldar or A64Form.Stlr;
        int size = isOrdered ? 1 << i.Lane : ((MemoryAccess)i.Aux).Row().Bytes;
        bool isLoad = isOrdered ? i.Form == A64Form.Ldar : ((MemoryAccess)i.Aux).Row().IsLoad;
        if (size is not (4 or 8))
        {
            return Refuse(i);
        }

        ulong offset = i.Form == A64Form.LoadStoreUnsigned ? (ulong)i.Imm : 0;
        if (!TryRead(thread, i.Rn, 8, out ulong address)
            || (i.Form == A64Form.LoadStoreRegister && !TryReadIndex(thread, i, size, out offset)))
        {
            return DispatchResult.Waits;
        }

        ushort place = offset == 0 ? HandleOf(thread, i.Rn) : Intern(address + offset);
        if (!isLoad)
        {
            return !TryRead(thread, i.Rd, size, out ulong data) ? DispatchResult.Waits
                : Fly(thread, isOrdered ? FlightKind.StoreRelease : FlightKind.Store, size, place, Truncated(HandleOf(thread, i.Rd), data));
        }

        byte id = thread.FreeId();
        DispatchResult result = Fly(thread, isOrdered ? FlightKind.LoadAcquire : FlightKind.Load, size, place, 0);
        if (result == DispatchResult.Done && i.Rd != 31)
        {
            thread.Registers[_registerSlot[i.Rd]] = (ushort)(CoreFetchState.Pending | id);
        }

        return result;
    }

    private bool TryReadIndex(CoreFetchState thread, in A64Instruction i, int size, out ulong offset)
    {
        bool ready = TryRead(thread, i.Rm, 8, out offset);
        offset = (Extend)i.Cond switch
        {
            Extend.Uxtw => (uint)offset,
            Extend.Sxtw => (ulong)(int)offset,
            _ => offset,
        };
        offset *= i.Imm == 0 ? 1 : (ulong)size;
        return ready;
    }

    /// <summary>Puts an operation in flight.</summary>
    private static DispatchResult Fly(CoreFetchState thread, FlightKind kind, int size, ushort address, ushort data)
    {
        if (thread.WindowCount == CoreFetchState.WindowCapacity)
        {
            return DispatchResult.Waits;
        }

        if (thread.WindowCount == 0 && kind is >= FlightKind.BarrierFull and <= FlightKind.BarrierStore)
        {
            return DispatchResult.Done;
        }

        byte id = kind <= FlightKind.LoadAcquire ? thread.FreeId() : byte.MaxValue;
        thread.Window[thread.WindowCount++] = new(kind, id, (byte)size, address, data);
        return DispatchResult.Done;
    }

    // ---- arithmetic

    private DispatchResult DispatchData(CoreFetchState thread, int position, in A64Instruction i)
    {
        switch (i.Form)
        {
            case A64Form.Adr:
                Write(thread, i.Rd, LitmusTest.AddressOf(position) + (ulong)i.Imm);
                return DispatchResult.Done;

            case A64Form.Movz:
                Write(thread, i.Rd, (ulong)i.Imm << (16 * i.Aux));
                return DispatchResult.Done;

            case A64Form.Msr or A64Form.Mrs:
                return MoveSystem(thread, i);

            case A64Form.Csel or A64Form.Csinc:
                if (!TryRead(thread, i.Rn, i.Size, out ulong ifTrue) || !TryRead(thread, i.Rm, i.Size, out ulong ifFalse))
                {
                    return DispatchResult.Waits;
                }

                Write(thread, i.Rd, Holds(i.Cond, thread.Flags) ? ifTrue : Truncate(ifFalse + (i.Form == A64Form.Csinc ? 1ul : 0), i.Size));
                return DispatchResult.Done;
        }

        bool isImmediate = i.Form is A64Form.AddImm or A64Form.AddsImm or A64Form.SubImm or A64Form.SubsImm or A64Form.AndImm or A64Form.OrrImm or A64Form.EorImm
            or A64Form.AndsImm;
        ulong right = (ulong)i.Imm;
        if (!TryRead(thread, i.Rn, i.Size, out ulong left) || (!isImmediate && !TryRead(thread, i.Rm, i.Size, out right)))
        {
            return DispatchResult.Waits;
        }

        return (!isImmediate && i.Imm != 0) || (isImmediate && i.Aux != 0) ? Refuse(i) : Compute(thread, i, left, right);
    }

    private DispatchResult Compute(CoreFetchState thread, in A64Instruction i, ulong left, ulong right)
    {
        bool subtracts = i.Form is A64Form.SubImm or A64Form.SubsImm or A64Form.SubShifted or A64Form.SubsShifted;
        bool adds = i.Form is A64Form.AddImm or A64Form.AddsImm or A64Form.AddShifted or A64Form.AddsShifted;
        ulong result;
        if (adds || subtracts)
        {
            result = Truncate(subtracts ? left - right : left + right, i.Size);
        }
        else
        {
            switch (i.Form)
            {
                case A64Form.And or A64Form.AndImm or A64Form.Ands or A64Form.AndsImm: result = left & right; break;
                case A64Form.Orr or A64Form.OrrImm: result = left | right; break;
                case A64Form.Eor or A64Form.EorImm: result = left ^ right; break;
                default: return Refuse(i);
            }
        }

        if (InstructionTable.Row(i.Form).Has(FormTraits.WritesFlags))
        {
            thread.Flags = (byte)FlagsOf(left, right, result, i.Size, adds, subtracts);
        }

        Write(thread, i.Rd, result);
        return DispatchResult.Done;
    }

    private DispatchResult MoveSystem(CoreFetchState thread, in A64Instruction i)
    {
        if (i.Form == A64Form.Mrs)
        {
            if (i.Rd != 31)
            {
                thread.Registers[_registerSlot[i.Rd]] = thread.Registers[_elr];
            }

            return DispatchResult.Done;
        }

        if (!TryRead(thread, i.Rd, 8, out ulong value))
        {
            return DispatchResult.Waits;
        }

        thread.Registers[_elr] = Intern(value);
        return DispatchResult.Done;
    }

    private DispatchResult Refuse(in A64Instruction i)
    {
        _problem = $"unsupported: {InstructionTable.Row(i.Form).Mnemonic} ({LitmusAssembler.Format(i)})";
        return DispatchResult.Mispredicted;
    }

    private static ConditionFlags FlagsOf(ulong left, ulong right, ulong result, int size, bool adds, bool subtracts)
    {
        int sign = (size * 8) - 1;
        ConditionFlags flags = result == 0 ? ConditionFlags.Zero : 0;
        flags |= ((result >> sign) & 1) != 0 ? ConditionFlags.Negative : 0;
        if (adds || subtracts)
        {
            bool carry = subtracts ? left >= right : result < left;
            bool overflow = (((subtracts ? left ^ right : ~(left ^ right)) & (left ^ result)) >> sign & 1) != 0;
            flags |= (carry ? ConditionFlags.Carry : 0) | (overflow ? ConditionFlags.Overflow : 0);
        }

        return flags;
    }

    private static bool Holds(byte condition, byte flags)
    {
        ConditionFlags f = (ConditionFlags)flags;
        bool n = (f & ConditionFlags.Negative) != 0, z = (f & ConditionFlags.Zero) != 0, c = (f & ConditionFlags.Carry) != 0, v = (f & ConditionFlags.Overflow) != 0;
        bool holds = (condition >> 1) switch
        {
            0 => z,
            1 => c,
            2 => n,
            3 => v,
            4 => c && !z,
            5 => n == v,
            6 => n == v && !z,
            _ => true,
        };
        return holds != ((condition & 1) != 0 && condition < (byte)Condition.Al);
    }

    private static ulong Truncate(ulong value, int size) => size == 4 ? (uint)value : value;

    private bool TryRead(CoreFetchState thread, int register, int size, out ulong value)
    {
        ushort handle = HandleOf(thread, register);
        bool ready = (handle & CoreFetchState.Pending) == 0;
        value = ready ? Truncate(_values[handle], size) : 0;
        return ready;
    }

    private ushort HandleOf(CoreFetchState thread, int register) => register == 31 ? _zero : thread.Registers[_registerSlot[register]];

    /// <summary>The handle of a value that may be that of another handle.</summary>
    private ushort Truncated(ushort handle, ulong value) => _values[handle] == value ? handle : Intern(value);

    private void Write(CoreFetchState thread, int register, ulong value)
    {
        if (register != 31)
        {
            thread.Registers[_registerSlot[register]] = Intern(value);
        }
    }
}
