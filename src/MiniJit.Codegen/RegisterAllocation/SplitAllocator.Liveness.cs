// Phase 1: use sites and live ranges.
//
// The code is in SSA form, so the blocks in which a value is live are found by walking from its uses backwards to its
// one def (Boissinot et al., "Computing liveness sets for SSA-form programs", 2011, section 5): exact on any control flow,
// loops included, and linear in the size of the answer, where bit-set iteration pays for every value in every block.
// Three passes: count sites per value, fill them in code order, walk value by value. Values that never leave their
// block, by far the most, need no walk.
using System;
using System.Diagnostics;
using System.Numerics;
using MiniJit.Codegen.Machine;
using MiniJit.IR;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.RegisterAllocation;

internal sealed partial class SplitAllocator
{
    private Column<VRegInfo> _vregs;
    private Column<UseSite> _sites;
    private Column<int> _siteOfOperand;
    private Column<int> _blockOfInst;
    private Column<float> _blockWeights;
    private Column<LiveRange> _ranges;

    private Column<int> _liveStamp;                            // per block: vreg + 1 of the last walk that came by
    private Column<int> _liveEnd;                              // per block: end of that value's range in the block
    private Column<ulong> _touchedBlocks;                      // bit set of this walk, empty between walks
    private Column<int> _worklist;

    private ulong _clobbered;                                  // by any instruction

    private void BuildLiveness()
    {
        _clobbered = 0;
        CountSites();
        FillSites();

        int blocks = _code.Blocks.Count;
        _liveStamp.Fill(blocks, 0);
        _liveEnd.Resize(blocks);
        _touchedBlocks.Fill((blocks + 63) >> 6, 0);
        _ranges.Clear();
        for (int v = 0; v < _vregs.Count; v++)
        {
            BuildRanges(v);
        }
    }

    private void CountSites()
    {
        ReadOnlySpan<VCodeBlock> blocks = _code.Blocks.Span;
        ReadOnlySpan<MachineInst> insts = _code.Insts.Span;
        ReadOnlySpan<Operand> operands = _code.Operands.Span;
        _vregs.Fill(_code.VRegCount, new VRegInfo { DefPosition = -1 });
        _blockOfInst.Resize(insts.Length);
        _blockWeights.Resize(blocks.Length);
        Span<VRegInfo> vregs = _vregs.Span;
        for (int b = 0; b < blocks.Length; b++)
        {
            ref readonly VCodeBlock block = ref blocks[b];
            _blockWeights[b] = WeightOf(block);
            _blockOfInst.Slice(block.FirstInst, block.EndInst - block.FirstInst).Fill(b);
            foreach (VReg param in _code.ParamsOf(b))
            {
                Define(ref vregs[param.Index], param, block.FirstInst * 2, b);
                vregs[param.Index].IsParam = true;
            }

            for (int i = block.FirstInst; i < block.EndInst; i++)
            {
                ref readonly MachineInst inst = ref insts[i];
                for (int o = inst.FirstOperand; o < inst.FirstOperand + inst.OperandCount; o++)
                {
                    Operand operand = operands[o];
                    ref VRegInfo info = ref vregs[operand.Reg.Index];
                    info.EndSite++;
                    if (operand.Kind == OperandKind.Def)
                    {
                        Define(ref info, operand.Reg, i * 2 + (int)operand.Pos, b);
                    }
                }
            }

            foreach (VReg arg in _code.BranchArgsOf(b))
            {
                vregs[arg.Index].EndSite++;
            }
        }
    }

    private static void Define(ref VRegInfo info, VReg vreg, int position, int block)
    {
        info.DefPosition = position;
        info.DefBlock = block;
        info.Class = (byte)vreg.Class;
    }

    private static float WeightOf(in VCodeBlock block)
    {
        float weight = 1 << (3 * Math.Min((int)block.LoopDepth, 8));
        return block.IsCold ? weight / 64 : weight;
    }

    private void FillSites()
    {
        Span<VRegInfo> vregs = _vregs.Span;
        int total = 0;
        foreach (ref VRegInfo info in vregs)
        {
            // EndSite held the count; until all are filled it is the cursor. A block parameter without
            // sites is dead, and then so is the argument.
            int count = info.EndSite;
            info.RangeCount = count;
            info.FirstSite = info.EndSite = total;
            total += count;
        }

        ReadOnlySpan<VCodeBlock> blocks = _code.Blocks.Span;
        ReadOnlySpan<MachineInst> insts = _code.Insts.Span;
        ReadOnlySpan<Operand> operands = _code.Operands.Span;
        _sites.Resize(total);
        _siteOfOperand.Resize(operands.Length);
        Span<UseSite> sites = _sites.Span;
        for (int b = 0; b < blocks.Length; b++)
        {
            ref readonly VCodeBlock block = ref blocks[b];
            float weight = _blockWeights[b];
            for (int i = block.FirstInst; i < block.EndInst; i++)
            {
                ref readonly MachineInst inst = ref insts[i];
                if (inst.Clobbers != 0)
                {
                    ulong clobbers = _code.ClobberSets[inst.Clobbers].Bits;
                    _reserved.AddAt(i * 2 + 1, clobbers);
                    _clobbered |= clobbers;
                }

                for (int o = inst.FirstOperand; o < inst.FirstOperand + inst.OperandCount; o++)
                {
                    Operand operand = operands[o];
                    int site = vregs[operand.Reg.Index].EndSite++;
                    _siteOfOperand[o] = site;
                    FillSite(ref sites[site], operand, operands, inst.FirstOperand, i, o, weight);
                }
            }

            ReadOnlySpan<VReg> args = _code.BranchArgsOf(b);
            if (args.Length > 0)
            {
                ReadOnlySpan<VReg> targetParams = _code.ParamsOf(_code.SuccessorsOf(b)[0]);
                for (int k = 0; k < args.Length; k++)
                {
                    if (vregs[targetParams[k].Index].RangeCount > 0)
                    {
                        sites[vregs[args[k].Index].EndSite++] = new UseSite { Position = block.EndInst * 2 - 1, Operand = -1, Kind = SiteKind.Any };
                    }
                }
            }
        }
    }

    private void FillSite(ref UseSite site, Operand operand, ReadOnlySpan<Operand> operands, int firstOperand, int inst, int index, float weight)
    {
        site = new UseSite
        {
            Position = inst * 2 + (int)operand.Pos,
            Operand = index,
            Cost = weight,
            Kind = SiteKind.Reg,
            IsDef = operand.Kind == OperandKind.Def,
            IsWhole = (operand.Kind == OperandKind.Def) == (operand.Pos == OperandPos.Early),
        };

        // A def that reuses an input is constrained as that input is.
        Constraint constraint = operand.Constraint;
        if (constraint.Kind == ConstraintKind.Reuse)
        {
            constraint = operands[firstOperand + constraint.ReusedInput].Constraint;
        }

        if (constraint.Kind == ConstraintKind.Fixed)
        {
            site.Kind = SiteKind.Fixed;
            site.Fixed = constraint.Register.Number;
            ulong bit = 1ul << site.Fixed;
            if (site.IsWhole)
            {
                _reserved.AddAt(inst * 2, bit);
                _reserved.AddAt(inst * 2 + 1, bit);
            }
            else
            {
                _reserved.AddAt(site.Position, bit);
            }
        }
        else if (constraint.Kind == ConstraintKind.Any)
        {
            site.Kind = SiteKind.Any;
            site.Cost = weight * 0.5f;
        }
    }

    /// <summary>The position up to which a value must live to serve the site.</summary>
    private static int EndOf(in UseSite site) => site.IsDef || site.IsWhole ? (site.Position | 1) + 1 : site.Position + 1;

    private void BuildRanges(int v)
    {
        ref VRegInfo info = ref _vregs[v];
        info.FirstRange = _ranges.Count;
        info.RangeCount = 0;
        if (info.FirstSite == info.EndSite)
        {
            return;                                            // a dead parameter, or an index that nothing uses
        }

        if (info.DefPosition < 0)
        {
            throw new CompilerBugException("regalloc", $"virtual register {v} is used and never defined");
        }

        // Sites are in code order, so the first and the last tell whether the value leaves its block.
        ReadOnlySpan<UseSite> sites = _sites.Slice(info.FirstSite, info.EndSite - info.FirstSite);
        ref readonly VCodeBlock home = ref _code.Blocks[info.DefBlock];
        if (sites[0].Position >= home.FirstInst * 2 && sites[^1].Position < home.EndInst * 2)
        {
            int end = EndOf(sites[^1]);
            for (int s = sites.Length - 2; s >= 0 && sites[s].Inst == sites[^1].Inst; s--)
            {
                end = Math.Max(end, EndOf(sites[s]));
            }

            AddRange(ref info, v, info.DefPosition, end);
            return;
        }

        WalkLiveBlocks(v, info.DefBlock, sites);
        EmitLiveBlocks(ref info, v);
    }

    private void WalkLiveBlocks(int v, int defBlock, ReadOnlySpan<UseSite> sites)
    {
        Span<int> stamps = _liveStamp.Span, ends = _liveEnd.Span;
        ReadOnlySpan<VCodeBlock> blocks = _code.Blocks.Span;
        ReadOnlySpan<int> predecessors = _code.Predecessors.Span;
        int stamp = v + 1;
        foreach (ref readonly UseSite site in sites)
        {
            int block = _blockOfInst[site.Inst];
            int end = EndOf(site);
            if (stamps[block] == stamp)
            {
                ends[block] = Math.Max(ends[block], end);
                continue;
            }

            Touch(block, end, stamp, stamps, ends);
            if (block == defBlock)
            {
                continue;
            }

            _worklist.Add(block);
            while (_worklist.Count > 0)
            {
                ref readonly VCodeBlock current = ref blocks[_worklist.RemoveLast()];
                foreach (int predecessor in predecessors.Slice(current.FirstPredecessor, current.PredecessorCount))
                {
                    if (stamps[predecessor] == stamp)
                    {
                        ends[predecessor] = blocks[predecessor].EndInst * 2;
                        continue;
                    }

                    Touch(predecessor, blocks[predecessor].EndInst * 2, stamp, stamps, ends);
                    if (predecessor != defBlock)
                    {
                        _worklist.Add(predecessor);
                    }
                }
            }
        }
    }

    private void Touch(int block, int end, int stamp, Span<int> stamps, Span<int> ends)
    {
        stamps[block] = stamp;
        ends[block] = end;
        _touchedBlocks[block >> 6] |= 1ul << (block & 63);
        _firstTouched = Math.Min(_firstTouched, block >> 6);
        _lastTouched = Math.Max(_lastTouched, block >> 6);
    }

    private int _firstTouched = int.MaxValue, _lastTouched = -1;   // words of _touchedBlocks

    private void EmitLiveBlocks(ref VRegInfo info, int v)
    {
        for (int word = _firstTouched; word <= _lastTouched; word++)
        {
            ulong bits = _touchedBlocks[word];
            _touchedBlocks[word] = 0;
            for (; bits != 0; bits &= bits - 1)
            {
                int block = (word << 6) | BitOperations.TrailingZeroCount(bits);
                int from = block == info.DefBlock ? info.DefPosition : _code.Blocks[block].FirstInst * 2;
                AddRange(ref info, v, from, _liveEnd[block]);
            }
        }

        _firstTouched = int.MaxValue;
        _lastTouched = -1;
    }

    /// <summary>Appends a range to the value's, or extends the last one if they touch.</summary>
    private void AddRange(ref VRegInfo info, int v, int from, int to)
    {
        Debug.Assert(from < to);
        if (info.RangeCount > 0 && _ranges.Last.To == from)
        {
            _ranges.Last.To = to;
        }
        else
        {
            int firstSite = info.RangeCount > 0 ? _ranges.Last.EndSite : info.FirstSite;
            _ranges.Add(new LiveRange { From = from, To = to, VReg = v, FirstSite = firstSite, EndSite = firstSite, Next = -1 });
            info.RangeCount++;
        }

        ref LiveRange range = ref _ranges.Last;
        while (range.EndSite < info.EndSite && _sites[range.EndSite].Position < to)
        {
            range.EndSite++;
        }
    }
}
