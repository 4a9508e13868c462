// The narrow door to register allocation: virtual-register code in, one location per operand and a sorted list of
// moves out. The code is never edited, so the same input runs through every allocator and through the checker.
using System;
using MiniJit.Codegen.Machine;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.RegisterAllocation;

/// <summary>A place a value can be: a physical register or a spill slot (in 8-byte words from the start of the spill area).</summary>
internal readonly record struct Allocation
{
    private readonly int _raw;                                 // 0 none; register + 1; or -(slot + 1)

    private Allocation(int raw) => _raw = raw;

    public static Allocation Reg(PReg register) => new(register.Number + 1);

    public static Allocation Slot(int slot) => new(-(slot + 1));

    public bool IsNone => _raw == 0;

    public bool IsReg => _raw > 0;

    public bool IsSlot => _raw < 0;

    public PReg Register => new((byte)(_raw - 1));

    public int SlotIndex => -_raw - 1;

    public override string ToString() => IsNone ? "none" : IsReg ? Register.ToString() : $"slot{SlotIndex}";
}

/// <summary>A position between instructions: before or after instruction <see cref="Inst"/>.</summary>
internal readonly record struct ProgPoint(uint Raw) : IComparable<ProgPoint>
{
    public static ProgPoint Before(int inst) => new((uint)inst << 1);

    public static ProgPoint After(int inst) => new(((uint)inst << 1) | 1);

    public int Inst => (int)(Raw >> 1);

    public bool IsAfter => (Raw & 1) != 0;

    public int CompareTo(ProgPoint other) => Raw.CompareTo(other.Raw);

    public static bool operator <(ProgPoint a, ProgPoint b) => a.Raw < b.Raw;

    public static bool operator >(ProgPoint a, ProgPoint b) => a.Raw > b.Raw;

    public static bool operator <=(ProgPoint a, ProgPoint b) => a.Raw <= b.Raw;

    public static bool operator >=(ProgPoint a, ProgPoint b) => a.Raw >= b.Raw;
}

/// <summary>A move that the allocator asks for. Never slot to slot: those go through the class's scratch register as two moves.</summary>
internal readonly record struct AllocationMove(ProgPoint Point, Allocation From, Allocation To, RegClass Class);

/// <summary>An allocator's answer. Cleared and reused with the context that owns it.</summary>
internal sealed class AllocationResult
{
    /// <summary>Parallel to <see cref="VCode.Operands"/>.</summary>
    public Column<Allocation> Allocations;

    /// <summary>Sorted by point; the moves of one point are already sequential (to be executed one after the other).</summary>
    public Column<AllocationMove> Moves;

    /// <summary>Size of the spill area in 8-byte words. Two-word slots are 16-byte aligned relative to its start.</summary>
    public int SpillWords;

    /// <summary>Every register that the function writes: defs, moves and clobbers; emission saves the callee-saved ones among them.</summary>
    public RegSet Written;

    public void Clear()
    {
        Allocations.Clear();
        Moves.Clear();
        SpillWords = 0;
        Written = RegSet.Empty;
    }
}

/// <summary>Assigns places to virtual registers. Implementations keep their scratch memory and are used by one thread.</summary>
internal interface IRegisterAllocator
{
    /// <summary>Allocates <paramref name="code"/>, overwriting <paramref name="result"/>.</summary>
    void Allocate(VCode code, MachineEnvironment environment, AllocationResult result);
}
