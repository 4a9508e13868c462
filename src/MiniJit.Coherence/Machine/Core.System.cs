// System instructions that user code may execute: registers, barriers, cache maintenance, exceptions. Everything that concerns
// fetch reaches the coherence model as an event.
using System;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Machine;

internal sealed unsafe partial class Core
{
    /// <summary>DC ZVA's block: 2^4 words, as DCZID_EL0 says.</summary>
    private const int ZeroBlock = 64;

    /// <summary>Bits of FPCR that exist here: AHP, DN, FZ, RMode, and FZ16; trapping of exceptions is not implemented, as on most machines.</summary>
    private const uint FloatControlMask = 0x07C8_0000;

    /// <summary>Bits of FPSR: QC and the cumulative exception flags.</summary>
    private const uint FloatStatusMask = 0x0800_009F;

    private enum Hint
    {
        Yield = 1,
        WaitForEvent = 2,
        WaitForInterrupt = 3,
    }

    private Outcome ExecuteCold(MicroOp* op)
    {
        BoundInstruction* bound = (BoundInstruction*)op->Imm;
        switch (op->Op)
        {
            case MicroOpcode.Transfer:
                return Transfer(bound->Instruction);
            case MicroOpcode.Structure:
                return Finish(bound->Structure(ref _hot->State, in bound->Instruction, this));
            case MicroOpcode.Ordered:
                return ExecuteOrdered(bound->Instruction);
            case MicroOpcode.System:
                return ExecuteSystem(bound->Instruction);
            default:
                return Raise(CoreExceptionKind.UndefinedInstruction);
        }
    }

    private Outcome ExecuteSystem(in A64Instruction instruction)
    {
        ref CoreState state = ref _hot->State;
        switch (instruction.Form)
        {
            case A64Form.Mrs:
                if (!TryReadSystem((SystemRegister)instruction.Imm, out ulong value))
                {
                    return Raise(CoreExceptionKind.UndefinedInstruction);
                }

                state.WriteX(instruction.Rd, value);
                return Outcome.Next;

            case A64Form.Msr:
                return TryWriteSystem((SystemRegister)instruction.Imm, state.ReadX(instruction.Rd))
                    ? Outcome.Next
                    : Raise(CoreExceptionKind.UndefinedInstruction);

            case A64Form.Sys:
                return Maintain((SystemOperation)instruction.Imm, state.ReadX(instruction.Rd));

            case A64Form.Dsb:
                _machine.Model.Barrier(this, BarrierKind.Synchronization, (int)instruction.Imm);
                return Refetch();

            case A64Form.Dmb:
                _machine.Model.Barrier(this, BarrierKind.Memory, (int)instruction.Imm);
                return Refetch();

            case A64Form.Isb:
                _machine.Model.Synchronize(this, ContextEvent.Instruction);
                return Refetch();

            case A64Form.Clrex:
                _monitor = default;
                return Outcome.Next;

            case A64Form.Hint:
                if ((Hint)instruction.Imm is Hint.Yield or Hint.WaitForEvent or Hint.WaitForInterrupt)
                {
                    // The rest of the turn goes to the others, and is not counted as executed.
                    _retiredBefore -= _hot->Left / MicroOp.Bytes;
                    _hot->Left = 0;
                }

                return Refetch();

            case A64Form.Svc:
                _monitor = default;
                state.Pc += 4;
                _machine.Model.Synchronize(this, ContextEvent.ExceptionEntry);
                return Outcome.SupervisorCall;

            case A64Form.Brk:
                return Raise(CoreExceptionKind.Breakpoint);

            default:
                return Raise(CoreExceptionKind.UndefinedInstruction);
        }
    }

    private Outcome Refetch()
    {
        _hot->State.Pc += 4;
        return Outcome.Refetch;
    }

    private Outcome Maintain(SystemOperation operation, ulong address)
    {
        if (operation == SystemOperation.DcZva)
        {
            Span<byte> zeros = stackalloc byte[ZeroBlock];
            zeros.Clear();
            return Finish(TryStore(address & ~(ulong)(ZeroBlock - 1), zeros));
        }

        CacheOperation? known = operation switch
        {
            SystemOperation.IcIvau => CacheOperation.InvalidateInstructions,
            SystemOperation.DcCvau => CacheOperation.CleanToUnification,
            SystemOperation.DcCvac or SystemOperation.DcCvap or SystemOperation.DcCvadp => CacheOperation.CleanToCoherency,
            SystemOperation.DcCivac => CacheOperation.CleanAndInvalidate,
            _ => null,
        };
        if (known is not { } cacheOperation)
        {
            return Raise(CoreExceptionKind.UndefinedInstruction);
        }

        // An instruction view may be executable without being readable; data lines are cleaned through an address that can be read.
        bool isData = cacheOperation != CacheOperation.InvalidateInstructions;
        MemoryFaultKind fault = _space.Translate(
            address, isData ? PagePermissions.Read : PagePermissions.Read | PagePermissions.Execute, out int frame, out _);
        if (fault != MemoryFaultKind.None)
        {
            _fault = new(fault, PagePermissions.Read, address);
            return Finish(false);
        }

        _machine.Model.Maintain(this, cacheOperation, address, PhysicalAddress.Of(frame, (int)address & (PhysicalMemory.PageSize - 1)));
        return Refetch();
    }

    private bool TryReadSystem(SystemRegister register, out ulong value)
    {
        ref CoreState state = ref _hot->State;
        switch (register)
        {
            case SystemRegister.Nzcv:
                value = (ulong)state.Flags << 28;
                return true;
            case SystemRegister.Fpcr:
                value = state.FloatControl;
                return true;
            case SystemRegister.Fpsr:
                value = state.FloatStatus;
                return true;
            case SystemRegister.TpidrEl0:
                value = state.ThreadPointer;
                return true;
            case SystemRegister.CtrEl0:
                value = _machine.Model.CacheType(this);
                return true;
            case SystemRegister.DczidEl0:
                value = 4;
                return true;
            case SystemRegister.CntfrqEl0:
                value = Arm64Machine.InstructionsPerSecond;
                return true;
            case SystemRegister.CntvctEl0:
                value = (ulong)_machine.Time(RetiredNow);
                return true;
            case SystemRegister.MidrEl1:
                value = 0x410F_D080;                // an Arm Cortex-A72 that has learned atomics: cautious libraries know it
                return true;
            case SystemRegister.MpidrEl1:
                value = 0x8000_0000;                // as Linux shows it to everybody
                return true;
            case SystemRegister.IdAa64Pfr0El1:
                value = 0x11;                       // EL0 and EL1 in AArch64 only; floating point and SIMD without half precision
                return true;
            case SystemRegister.IdAa64Isar0El1:
                value = (2ul << 20) | (1ul << 16);  // atomics, CRC32
                return true;
            case SystemRegister.RevidrEl1 or SystemRegister.TpidrroEl0 or (>= SystemRegister.FirstIdEl1 and <= SystemRegister.LastIdEl1):
                value = 0;
                return true;
            default:
                value = 0;
                return false;
        }
    }

    private bool TryWriteSystem(SystemRegister register, ulong value)
    {
        ref CoreState state = ref _hot->State;
        switch (register)
        {
            case SystemRegister.Nzcv:
                state.Flags = (ConditionFlags)((value >> 28) & 15);
                return true;
            case SystemRegister.Fpcr:
                state.FloatControl = (uint)value & FloatControlMask;
                return true;
            case SystemRegister.Fpsr:
                state.FloatStatus = (uint)value & FloatStatusMask;
                return true;
            case SystemRegister.TpidrEl0:
                state.ThreadPointer = value;
                return true;
            default:
                return false;
        }
    }
}
