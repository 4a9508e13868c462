// Loads and stores that the translation cache does not answer: first touch, crossing pages, faults, and stores that somebody watches.
using System;
using System.Runtime.InteropServices;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Machine;

internal sealed unsafe partial class Core
{
    private MemoryFault _fault;
    private bool _modelActed;

    /// <inheritdoc/>
    public bool TryLoad(ulong address, Span<byte> destination)
    {
        while (true)
        {
            if (!TryTranslate(address, PagePermissions.Read, out int frame))
            {
                return false;
            }

            int offset = (int)address & (PhysicalMemory.PageSize - 1), length = Math.Min(destination.Length, PhysicalMemory.PageSize - offset);
            if (ReportsAccesses || (_memory[frame].Watch & FrameWatch.Load) != 0)
            {
                ReportLoad(PhysicalAddress.Of(frame, offset), length);
            }

            new ReadOnlySpan<byte>(_memory[frame].Bytes + offset, length).CopyTo(destination);
            if (length == destination.Length)
            {
                return true;
            }

            destination = destination[length..];
            address += (ulong)length;
        }
    }

    /// <inheritdoc/>
    public bool TryStore(ulong address, ReadOnlySpan<byte> source)
    {
        // All or none: both ends are translated before anything is written.
        ulong last = address + (ulong)source.Length - 1;
        if (!TryTranslate(address, PagePermissions.Write, out int frame)
            || ((address ^ last) >= PhysicalMemory.PageSize && !TryTranslate(last & HotState.PageMask, PagePermissions.Write, out _)))
        {
            return false;
        }

        int offset = (int)address & (PhysicalMemory.PageSize - 1), length = Math.Min(source.Length, PhysicalMemory.PageSize - offset);
        Store(frame, offset, source[..length]);
        if (length < source.Length)
        {
            _ = TryTranslate(last, PagePermissions.Write, out frame);
            Store(frame, 0, source[length..]);
        }

        return true;
    }

    private void ReportLoad(PhysicalAddress physical, int length)
    {
        if (ReportsAccesses)
        {
            _machine.Model.Access(this, isStore: false);
        }

        if ((_memory[physical.Frame].Watch & FrameWatch.Load) != 0)
        {
            _machine.Model.Load(this, physical, length);
        }

        _modelActed = true;
    }

    /// <summary>The frame behind an address, or the fault that an access is.</summary>
    private bool TryTranslate(ulong address, PagePermissions access, out int frame)
    {
        MemoryFaultKind kind = _space.Translate(address, access, out frame, out PagePermissions permissions);
        if (kind != MemoryFaultKind.None)
        {
            _fault = new(kind, access, address);
            return false;
        }

        // Fill the translation cache with what this page permits.
        ulong page = address & HotState.PageMask;
        ref Frame entry = ref _memory[frame];
        TranslationEntry* translation = (TranslationEntry*)&_hot->Translations + ((address >> PhysicalMemory.PageBits) % HotState.Entries);
        translation->Addend = (nint)entry.Bytes - (nint)page;
        bool mayRead = (permissions & PagePermissions.Read) != 0 && (entry.Watch & FrameWatch.Load) == 0 && !ReportsAccesses;
        bool mayWrite = (permissions & PagePermissions.Write) != 0 && entry.Watch == FrameWatch.None && !ReportsAccesses;
        translation->ReadTag = mayRead ? page : TranslationEntry.Invalid;
        translation->WriteTag = mayWrite ? page : TranslationEntry.Invalid;
        return true;
    }

    private void Store(int frame, int offset, ReadOnlySpan<byte> bytes)
    {
        ref Frame entry = ref _memory[frame];
        if ((entry.Watch & FrameWatch.Monitor) != 0)
        {
            _machine.ClearMonitors(this, PhysicalAddress.Of(frame, offset), bytes.Length);
        }

        if ((entry.Watch & FrameWatch.Code) != 0)
        {
            _machine.Model.Store(this, PhysicalAddress.Of(frame, offset), bytes);
            _modelActed = true;
        }
        else
        {
            if (ReportsAccesses)
            {
                _machine.Model.Access(this, isStore: true);
                _modelActed = true;
            }

            bytes.CopyTo(new(entry.Bytes + offset, bytes.Length));
        }
    }

    /// <summary>A transfer of the hot loop, with its address computed and its base register already written back.</summary>
    private Outcome Transfer(MicroOp* op, ulong address)
    {
        HotTransfer transfer = HotTransfer.Of(op->Op);
        bool done = Transfer(transfer.Access.Row(), transfer.IsPair, address, op->Rd, op->Ra);
        if (!done && transfer.WritesBack)
        {
            _hot->State.General[op->Rn] -= (ulong)op->Imm;
        }

        return Finish(done);
    }

    /// <summary>A transfer that has no micro-op of its own.</summary>
    private Outcome Transfer(in A64Instruction instruction)
    {
        ref CoreState state = ref _hot->State;
        ref readonly MemoryAccessRow row = ref ((MemoryAccess)instruction.Aux).Row();
        ulong before = state.General[instruction.Rn], address = before, after = before;
        bool isPair = instruction.Form is A64Form.PairOffset or A64Form.PairPost or A64Form.PairPre or A64Form.PairNoAllocate;
        switch (instruction.Form)
        {
            case A64Form.LoadLiteral:
                address = state.Pc + (ulong)instruction.Imm;
                break;
            case A64Form.LoadStorePost or A64Form.PairPost:
                after += (ulong)instruction.Imm;
                break;
            case A64Form.LoadStorePre or A64Form.PairPre:
                address = after += (ulong)instruction.Imm;
                break;
            case A64Form.LoadStoreRegister:
                ulong index = state.ReadX(instruction.Rm);
                index = (Extend)instruction.Cond switch
                {
                    Extend.Uxtw => (uint)index,
                    Extend.Sxtw => (ulong)(int)index,
                    _ => index,
                };
                address += index << (instruction.Imm != 0 ? System.Numerics.BitOperations.Log2(row.Bytes) : 0);
                break;
            default:
                address += (ulong)instruction.Imm;
                break;
        }

        bool isInteger = row.V == 0;
        bool done = Transfer(
            row, isPair, address, Register(instruction.Rd, isInteger, row.IsLoad), Register(instruction.Ra, isInteger, row.IsLoad));
        if (done && after != before)
        {
            state.General[instruction.Rn] = after;
        }

        return Finish(done);

        static int Register(int register, bool isInteger, bool isLoad) =>
            register == 31 && isInteger ? isLoad ? CoreState.Discard : CoreState.ZeroRegister : register;
    }

    /// <summary>Moves one or two registers, whose numbers are indices of <see cref="CoreState.General"/> or of the vectors.</summary>
    private bool Transfer(in MemoryAccessRow row, bool isPair, ulong address, int first, int second)
    {
        ref CoreState state = ref _hot->State;
        Span<byte> bytes = stackalloc byte[32];
        bytes = bytes[..(isPair ? 2 * row.Bytes : row.Bytes)];
        if (!row.IsLoad)
        {
            RegisterBytes(ref state, row, first)[..row.Bytes].CopyTo(bytes);
            if (isPair)
            {
                RegisterBytes(ref state, row, second)[..row.Bytes].CopyTo(bytes[row.Bytes..]);
            }

            return TryStore(address, bytes);
        }

        if (!TryLoad(address, bytes))
        {
            return false;
        }

        Load(ref state, row, first, bytes[..row.Bytes]);
        if (isPair)
        {
            Load(ref state, row, second, bytes[row.Bytes..]);
        }

        return true;
    }

    private static void Load(ref CoreState state, in MemoryAccessRow row, int register, ReadOnlySpan<byte> bytes)
    {
        Span<byte> target = RegisterBytes(ref state, row, register);
        target.Clear();
        bytes.CopyTo(target);
        if (row.IsSigned)
        {
            int unused = 64 - (8 * row.Bytes);
            long value = (long)(state.General[register] << unused) >> unused;
            state.General[register] = row.View == RegisterView.W ? (uint)value : (ulong)value;
        }
    }

    private static Span<byte> RegisterBytes(ref CoreState state, in MemoryAccessRow row, int register) => row.V == 0
        ? MemoryMarshal.AsBytes(new Span<ulong>(ref state.General[register]))
        : MemoryMarshal.AsBytes(new Span<System.Runtime.Intrinsics.Vector128<byte>>(ref state.V(register)));

    /// <summary>After an access outside of the loop: on, or an exception. An access that the model saw may have changed what comes next.</summary>
    private Outcome Finish(bool done)
    {
        if (!done)
        {
            return Raise(CoreExceptionKind.DataAbort, _fault);
        }

        if (!_modelActed)
        {
            return Outcome.Next;
        }

        _modelActed = false;
        _hot->State.Pc += 4;
        return Outcome.Refetch;
    }
}
