// Exclusive, ordered and atomic accesses (Arm ARM B2.9, C3.2.6–C3.2.12).
//
// One core runs at a time, so every access is atomic already; what remains is the monitor. It holds one access, and a store-exclusive
// succeeds if the monitor holds the same one. Exceptions clear it, and so do stores of other cores into its granule: when a core's turn ends
// while it holds one, its frame is watched, which sends stores to it through Core.Store.
using System;
using System.Runtime.InteropServices;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Machine;

internal sealed unsafe partial class Core
{
    /// <summary>Exclusives reservation granule, as CTR_EL0.ERG says: 2^4 words.</summary>
    private const int GranuleBits = 6;

    /// <summary>Physical address and size of the access that the monitor holds; size 0: open.</summary>
    private (PhysicalAddress Address, int Size) _monitor;

    /// <summary>The frame on which this core holds a monitor, or -1.</summary>
    public int MonitoredFrame => _monitor.Size == 0 ? -1 : _monitor.Address.Frame;

    /// <summary>Another core wrote there.</summary>
    public void ClearMonitor(PhysicalAddress address, int length)
    {
        ulong first = address.Value >> GranuleBits, last = (address.Value + (ulong)length - 1) >> GranuleBits;
        if (_monitor.Size != 0 && _monitor.Address.Value >> GranuleBits is ulong granule && granule >= first && granule <= last)
        {
            _monitor = default;
        }
    }

    /// <summary>The thread on this core changes: monitors do not travel.</summary>
    public void ClearMonitor() => _monitor = default;

    private Outcome ExecuteOrdered(in A64Instruction instruction)
    {
        ref CoreState state = ref _hot->State;
        bool isPair = instruction.Form is A64Form.Stxp or A64Form.Stlxp or A64Form.Ldxp or A64Form.Ldaxp or A64Form.Casp;
        int element = 1 << instruction.Lane, size = isPair ? 2 * element : element;
        ulong address = state.ReadXOrStackPointer(instruction.Rn);
        if ((address & (ulong)(size - 1)) != 0)
        {
            bool loads = instruction.Form is A64Form.Ldar or A64Form.Ldxr or A64Form.Ldaxr or A64Form.Ldxp or A64Form.Ldaxp;
            _fault = new(MemoryFaultKind.Alignment, loads ? PagePermissions.Read : PagePermissions.Write, address);
            return Finish(false);
        }

        if (IsRelease(instruction))
        {
            _machine.Model.Barrier(this, BarrierKind.Release, 0);
            _modelActed = true;
        }

        return Finish(instruction.Form switch
        {
            A64Form.Ldar or A64Form.Ldxr or A64Form.Ldaxr or A64Form.Ldxp or A64Form.Ldaxp => LoadOrdered(ref state, instruction, address, size),
            A64Form.Stlr => TryStore(address, Bytes(state.ReadX(instruction.Rd), 0, element, size)),
            A64Form.Stxr or A64Form.Stlxr or A64Form.Stxp or A64Form.Stlxp => StoreExclusive(ref state, instruction, address, element, size),
            A64Form.Cas or A64Form.Casp => CompareAndSwap(ref state, instruction, address, element, size),
            _ => ReadModifyWrite(ref state, instruction, address, size),
        });
    }

    private static bool IsRelease(in A64Instruction instruction) =>
        instruction.Form is A64Form.Stlr or A64Form.Stlxr or A64Form.Stlxp
        || (instruction.Form is >= A64Form.Cas and <= A64Form.Swp && (instruction.Aux & 1) != 0);

    private bool LoadOrdered(ref CoreState state, in A64Instruction instruction, ulong address, int size)
    {
        UInt128 value = 0;
        if (!TryLoad(address, Buffer(ref value, size)))
        {
            return false;
        }

        if (instruction.Form != A64Form.Ldar)
        {
            _ = TryTranslate(address, PagePermissions.Read, out int frame);
            _monitor = (PhysicalAddress.Of(frame, (int)address & (PhysicalMemory.PageSize - 1)), size);
        }

        bool isPair = instruction.Form is A64Form.Ldxp or A64Form.Ldaxp;
        state.WriteX(instruction.Rd, isPair && size == 8 ? (uint)value : (ulong)value);
        if (isPair)
        {
            state.WriteX(instruction.Ra, (ulong)(value >> (4 * size)));
        }

        return true;
    }

    private bool StoreExclusive(ref CoreState state, in A64Instruction instruction, ulong address, int element, int size)
    {
        // Permissions are checked whether the store happens or not.
        if (!TryTranslate(address, PagePermissions.Write, out int frame))
        {
            return false;
        }

        bool holds = _monitor == (PhysicalAddress.Of(frame, (int)address & (PhysicalMemory.PageSize - 1)), size);
        _monitor = default;
        if (holds)
        {
            ulong second = size > element ? state.ReadX(instruction.Ra) : 0;
            _ = TryStore(address, Bytes(state.ReadX(instruction.Rd), second, element, size));
        }

        state.WriteX(instruction.Rm, holds ? 0ul : 1);
        return true;
    }

    private bool CompareAndSwap(ref CoreState state, in A64Instruction instruction, ulong address, int element, int size)
    {
        bool isPair = size > element;
        UInt128 old = 0, expected = 0, replacement = 0;
        Bytes(state.ReadX(instruction.Rm), isPair ? state.ReadX(instruction.Rm + 1) : 0, element, size).CopyTo(Buffer(ref expected, size));
        Bytes(state.ReadX(instruction.Rd), isPair ? state.ReadX(instruction.Rd + 1) : 0, element, size).CopyTo(Buffer(ref replacement, size));
        if (!TryTranslate(address, PagePermissions.Write, out _) || !TryLoad(address, Buffer(ref old, size))
            || (old == expected && !TryStore(address, Buffer(ref replacement, size))))
        {
            return false;
        }

        state.WriteX(instruction.Rm, isPair && element == 4 ? (uint)old : (ulong)old);
        if (isPair)
        {
            state.WriteX(instruction.Rm + 1, (ulong)(old >> (8 * element)));
        }

        return true;
    }

    private bool ReadModifyWrite(ref CoreState state, in A64Instruction instruction, ulong address, int size)
    {
        UInt128 buffer = 0;
        if (!TryTranslate(address, PagePermissions.Write, out _) || !TryLoad(address, Buffer(ref buffer, size)))
        {
            return false;
        }

        int unused = 64 - (8 * size);
        ulong old = (ulong)buffer, operand = state.ReadX(instruction.Rm);

        // For comparisons both are moved to the top, where their signs are.
        ulong high = old << unused, highOperand = operand << unused;
        ulong value = instruction.Form switch
        {
            A64Form.Ldadd => old + operand,
            A64Form.Ldclr => old & ~operand,
            A64Form.Ldeor => old ^ operand,
            A64Form.Ldset => old | operand,
            A64Form.Ldsmax => (long)high > (long)highOperand ? old : operand,
            A64Form.Ldsmin => (long)high < (long)highOperand ? old : operand,
            A64Form.Ldumax => high > highOperand ? old : operand,
            A64Form.Ldumin => high < highOperand ? old : operand,
            _ => operand,
        };
        if (!TryStore(address, Bytes(value, 0, size, size)))
        {
            return false;
        }

        state.WriteX(instruction.Rd, old);
        return true;
    }

    private static Span<byte> Buffer(ref UInt128 value, int size) => MemoryMarshal.AsBytes(new Span<UInt128>(ref value))[..size];

    /// <summary>One or two registers as they lie in memory.</summary>
    private ReadOnlySpan<byte> Bytes(ulong first, ulong second, int element, int size)
    {
        _scratch = element == 4 ? (uint)first | (second << 32) : new UInt128(second, first);
        return Buffer(ref _scratch, size);
    }

    private UInt128 _scratch;
}
