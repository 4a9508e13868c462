// Virtual-register machine code of one function: what lowering produces, the allocator reads and emission prints.
//
// Invariants (the allocation checker's front half asserts them in tests):
//   * blocks are in final layout order and block 0 is the entry;
//   * each virtual register has exactly one def: an operand or a block parameter, and every use is dominated by it;
//   * there are no critical edges: if a block has several successors, each of them has it as its only predecessor;
//   * only a block with exactly one successor passes branch arguments, and only a block with at least two predecessors
//     (or one predecessor that has one successor) has parameters; lowering has aliased the rest away;
//   * the entry block has no predecessors and no parameters;
//   * the last instruction of a block is its terminator; a terminator defines nothing, and a jump into a block with several
//     predecessors has no operands and no clobbers: the moves of its edge go before it;
//   * a fixed register is the constraint of at most one early use and at most one late def of an instruction, and
//     a clobbered register is no def of the same instruction;
//   * a call that ends its block (try_call) defines nothing. Its results and an exception's payload are defined where control goes on:
//     by an arrival, the first instruction of the successor, whose defs are early and fixed, so that no move of the edge comes
//     before them into their registers. All that lives across the edges is in memory, because the call clobbers every register.
// All arrays are growable columns that are cleared, never dropped.
using System;
using System.Diagnostics;
using System.Runtime.InteropServices;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Machine;

[Flags]
internal enum MachineInstFlags : byte
{
    None = 0,

    /// <summary>Copies operand 0 (use) to operand 1 (def); emission drops it when both got the same place.</summary>
    Move = 1,

    /// <summary>Ends its block; its targets are the block's successors.</summary>
    Terminator = 2,

    /// <summary>Transfers control out of the function and back.</summary>
    Call = 4,

    /// <summary>First of its block. Its defs, early and fixed, name what control brought along in registers.</summary>
    Arrival = 8,
}

/// <summary>
/// One machine instruction: a form of the ISA's instruction table and its fields. Which fields mean something is
/// the form's business; the allocator looks at the operand range, <see cref="Clobbers"/> and <see cref="Flags"/> only.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MachineInst
{
    /// <summary>Row of the backend's instruction table.</summary>
    public ushort Form;

    /// <summary>Number of operands from <see cref="FirstOperand"/> on.</summary>
    public byte OperandCount;

    /// <summary>Operation size in bytes (1, 2, 4, 8, 16) where the form has several.</summary>
    public byte Size;

    /// <summary>Index of the first operand in <see cref="VCode.Operands"/>.</summary>
    public int FirstOperand;

    /// <summary>Address displacement, where the form has a memory operand.</summary>
    public int Disp;

    /// <summary>Index into <see cref="VCode.ClobberSets"/>; 0 is the empty set.</summary>
    public ushort Clobbers;

    /// <summary>Raw trap code if this instruction may trap, else 0.</summary>
    public byte Trap;

    public MachineInstFlags Flags;

    /// <summary>Immediate operand.</summary>
    public long Imm;

    /// <summary>Backend's own: label, symbol, constant or table handle.</summary>
    public int Data;

    /// <summary>Backend's own: addressing kind.</summary>
    public byte Mode;

    /// <summary>Backend's own: index scale, as a shift.</summary>
    public byte Scale;

    /// <summary>Backend's own: condition code.</summary>
    public byte Cond;

    /// <summary>Backend's own.</summary>
    public byte Aux;
}

/// <summary>One block: its instructions and the slices of the shared pools that describe its edges and parameters.</summary>
internal struct VCodeBlock
{
    public int FirstInst, EndInst;                             // half open
    public int FirstSuccessor, SuccessorCount;                 // into VCode.Successors
    public int FirstPredecessor, PredecessorCount;             // into VCode.Predecessors
    public int FirstParam, ParamCount;                         // into VCode.BlockParams
    public int FirstBranchArg, BranchArgCount;                 // into VCode.BranchArgs; parallel to the only successor's parameters
    public byte LoopDepth;
    public bool IsCold;
}

/// <summary>An item of a try_call's exception table.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Tag">The tag of a handler for one tag.</param>
/// <param name="Place">The block of a handler; of a context, the number of the call's operand that holds it.</param>
internal readonly record struct TryItem(ExceptionItemKind Kind, uint Tag, int Place);

/// <summary>A call that ends its block; its instruction's <see cref="MachineInst.Disp"/> is the index.</summary>
/// <param name="FirstItem">Its items begin here in <see cref="VCode.TryItems"/>.</param>
/// <param name="ItemCount">How many it has.</param>
/// <param name="Normal">The block where a normal return goes on.</param>
internal readonly record struct TryCall(int FirstItem, int ItemCount, int Normal);

/// <summary>A function over virtual registers. See the file's head for the invariants.</summary>
internal sealed class VCode
{
    public Column<MachineInst> Insts;
    public Column<Operand> Operands;
    public Column<VCodeBlock> Blocks;
    public Column<int> Successors;                             // block indices
    public Column<int> Predecessors;
    public Column<VReg> BlockParams;
    public Column<VReg> BranchArgs;
    public Column<RegSet> ClobberSets;
    public Column<TryCall> TryCalls;
    public Column<TryItem> TryItems;

    /// <summary>Source location of each instruction, parallel to <see cref="Insts"/>; 0 is "none", otherwise location + 1.</summary>
    public Column<uint> SourceLocs;

    /// <summary>One more than the largest virtual register index.</summary>
    public int VRegCount;

    /// <summary>8-byte words that a spilled float-class register takes: 1, or 2 when the function has 128-bit values.</summary>
    public int FloatSpillWords = 1;

    /// <summary>Forgets the function and keeps the memory.</summary>
    public void Clear()
    {
        Insts.Clear();
        Operands.Clear();
        Blocks.Clear();
        Successors.Clear();
        Predecessors.Clear();
        BlockParams.Clear();
        BranchArgs.Clear();
        ClobberSets.Clear();
        ClobberSets.Add(RegSet.Empty);
        TryCalls.Clear();
        TryItems.Clear();
        SourceLocs.Clear();
        VRegCount = 0;
        FloatSpillWords = 1;
    }

    public ReadOnlySpan<Operand> OperandsOf(in MachineInst inst) => Operands.Slice(inst.FirstOperand, inst.OperandCount);

    public ReadOnlySpan<int> SuccessorsOf(int block) => Successors.Slice(Blocks[block].FirstSuccessor, Blocks[block].SuccessorCount);

    public ReadOnlySpan<int> PredecessorsOf(int block) => Predecessors.Slice(Blocks[block].FirstPredecessor, Blocks[block].PredecessorCount);

    public ReadOnlySpan<VReg> ParamsOf(int block) => BlockParams.Slice(Blocks[block].FirstParam, Blocks[block].ParamCount);

    public ReadOnlySpan<VReg> BranchArgsOf(int block) => BranchArgs.Slice(Blocks[block].FirstBranchArg, Blocks[block].BranchArgCount);

    public ReadOnlySpan<TryItem> ItemsOf(in TryCall call) => TryItems.Slice(call.FirstItem, call.ItemCount);

    public RegSet ClobbersOf(in MachineInst inst) => inst.Clobbers == 0 ? RegSet.Empty : ClobberSets[inst.Clobbers];
}
