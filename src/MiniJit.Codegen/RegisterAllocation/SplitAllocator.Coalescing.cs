// Phase 2: bundles. Values that would be copied into one another (a reused input into its def, a branch argument into
// the block parameter, the source of a move into its target) share a bundle when their ranges are disjoint, so that
// no copy is needed while the bundle stays in one place.
//
// A reused input and its def meet inside an instruction: the input ends after the early position, the def starts at the
// late one. Bundles are split between instructions only, so the two stay together for ever. Where they cannot share
// (the input lives on), the def takes its register from the early position on and the input is copied there before.
// That lengthens the def, so reused inputs come first; what has been merged into a def by then is dominated by it and
// cannot be live where it grows.
using System;
using System.Diagnostics;
using MiniJit.Codegen.Machine;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.RegisterAllocation;

internal sealed partial class SplitAllocator
{
    /// <summary>Bundles of more ranges are not merged: keeps the phase near-linear.</summary>
    private const int MaxMergedRanges = 1000;

    private Column<Bundle> _bundles;
    private Column<int> _bundleSizes;                          // ranges per bundle, while merging

    private void BuildBundles()
    {
        _bundles.Clear();
        _bundleSizes.Clear();
        for (int v = 0; v < _vregs.Count; v++)
        {
            ref VRegInfo info = ref _vregs[v];
            if (info.RangeCount == 0)
            {
                info.Bundle = -1;
                continue;
            }

            int last = info.FirstRange + info.RangeCount - 1;
            for (int r = info.FirstRange; r < last; r++)
            {
                _ranges[r].Next = r + 1;
            }

            info.Bundle = _bundles.Count;
            _bundles.Add(new Bundle { FirstRange = info.FirstRange, LastRange = last, Origin = info.Bundle, Class = info.Class, Place = Bundle.Unplaced });
            _bundleSizes.Add(info.RangeCount);
        }

        CoalesceReusedInputs();
        CoalesceBranchArguments();
        CoalesceMoves();
    }

    /// <summary>The bundle that now holds what <paramref name="bundle"/> held at first (union-find over Origin).</summary>
    private int Find(int bundle)
    {
        while (true)
        {
            int parent = _bundles[bundle].Origin;
            if (parent == bundle)
            {
                return bundle;
            }

            _bundles[bundle].Origin = _bundles[parent].Origin;
            bundle = parent;
        }
    }

    private void CoalesceReusedInputs()
    {
        for (int i = 0; i < _code.Insts.Count; i++)
        {
            ref readonly MachineInst inst = ref _code.Insts[i];
            for (int o = inst.FirstOperand; o < inst.FirstOperand + inst.OperandCount; o++)
            {
                Operand operand = _code.Operands[o];
                if (operand.Constraint.Kind == ConstraintKind.Reuse && _sites[_siteOfOperand[o]].Kind != SiteKind.Fixed)
                {
                    int input = inst.FirstOperand + operand.Constraint.ReusedInput;
                    if (!TryMerge(_code.Operands[input].Reg.Index, operand.Reg.Index))
                    {
                        ref VRegInfo info = ref _vregs[operand.Reg.Index];
                        RangeStartingAt(info, info.DefPosition).From--;
                        MakeCopied(o, input);
                    }
                }
            }
        }
    }

    /// <summary>The def takes its place from the early position on, and the input is copied there before.</summary>
    private void MakeCopied(int def, int input)
    {
        ref UseSite source = ref _sites[_siteOfOperand[input]];
        source.Kind = SiteKind.Copied;
        source.Cost *= 0.5f;
        ref UseSite target = ref _sites[_siteOfOperand[def]];
        target.Position &= ~1;
        target.IsWhole = true;
        _vregs[_code.Operands[def].Reg.Index].DefPosition &= ~1;
    }

    private ref LiveRange RangeStartingAt(in VRegInfo info, int position)
    {
        int r = info.FirstRange;
        while (_ranges[r].From != position)
        {
            r++;
        }

        return ref _ranges[r];
    }

    private void CoalesceBranchArguments()
    {
        for (int b = 0; b < _code.Blocks.Count; b++)
        {
            if (_code.Blocks[b].BranchArgCount > 0)
            {
                ReadOnlySpan<VReg> args = _code.BranchArgsOf(b);
                ReadOnlySpan<VReg> targetParams = _code.ParamsOf(_code.SuccessorsOf(b)[0]);
                for (int k = 0; k < args.Length; k++)
                {
                    TryMerge(args[k].Index, targetParams[k].Index);
                }
            }
        }
    }

    private void CoalesceMoves()
    {
        for (int i = 0; i < _code.Insts.Count; i++)
        {
            ref readonly MachineInst inst = ref _code.Insts[i];
            if ((inst.Flags & MachineInstFlags.Move) != 0 && inst.OperandCount >= 2)
            {
                TryMerge(_code.Operands[inst.FirstOperand].Reg.Index, _code.Operands[inst.FirstOperand + 1].Reg.Index);
            }
        }
    }

    private bool TryMerge(int v, int w)
    {
        ref readonly VRegInfo first = ref _vregs[v];
        ref readonly VRegInfo second = ref _vregs[w];
        if (first.Bundle < 0 || second.Bundle < 0 || first.Class != second.Class)
        {
            return false;
        }

        int a = Find(first.Bundle), b = Find(second.Bundle);
        if (a == b)
        {
            return true;
        }

        if (_bundleSizes[a] + _bundleSizes[b] > MaxMergedRanges || Overlap(a, b))
        {
            return false;
        }

        Concatenate(a, b);
        _bundleSizes[a] += _bundleSizes[b];
        _bundles[b].Origin = a;
        _bundles[b].FirstRange = -1;
        return true;
    }

    private bool Overlap(int a, int b)
    {
        int x = _bundles[a].FirstRange, y = _bundles[b].FirstRange;
        if (_ranges[_bundles[a].LastRange].To <= _ranges[y].From || _ranges[_bundles[b].LastRange].To <= _ranges[x].From)
        {
            return false;
        }

        while (x >= 0 && y >= 0)
        {
            ref readonly LiveRange p = ref _ranges[x];
            ref readonly LiveRange q = ref _ranges[y];
            if (p.To <= q.From)
            {
                x = p.Next;
            }
            else if (q.To <= p.From)
            {
                y = q.Next;
            }
            else
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Threads the ranges of <paramref name="b"/> into <paramref name="a"/>'s, in order.</summary>
    private void Concatenate(int a, int b)
    {
        ref Bundle target = ref _bundles[a];
        int x = target.FirstRange, y = _bundles[b].FirstRange, head = -1, tail = -1;
        while (x >= 0 || y >= 0)
        {
            int next;
            if (y < 0 || (x >= 0 && _ranges[x].From < _ranges[y].From))
            {
                next = x;
                x = _ranges[x].Next;
            }
            else
            {
                next = y;
                y = _ranges[y].Next;
            }

            if (tail < 0)
            {
                head = next;
            }
            else
            {
                Debug.Assert(_ranges[tail].To <= _ranges[next].From);
                _ranges[tail].Next = next;
            }

            tail = next;
        }

        _ranges[tail].Next = -1;
        target.FirstRange = head;
        target.LastRange = tail;
    }
}
