// Terminators. A jump or branch to blocks is not written when it arrives but kept pending until the next byte is needed;
// by then the labels that start here are known and the best form is written at once, so nothing is ever taken back:
//
//  * Fall-through. A pending jump to a label that starts here is dropped; of a branch, the half that leads here.
//    Safe: the next byte written is the label's first.
//  * Inversion. "branch c, T; jump E" with T starting here becomes "branch !c, E". Safe: the two conditions are exact
//    complements, and T is reached by fall-through.
//  * Threading. The driver announces blocks that do nothing but jump (Thread), before it emits; their labels are aliases of
//    the target and the blocks are skipped. Safe: every path through such a label does nothing but reach the target, and
//    what is pending when the block is skipped ends the block before, so nothing falls into it. An alias that would close
//    a circle is refused: an empty endless loop keeps one jump. It must be known before the first use, because a use may
//    have a short reach that its label's own place would honour and the alias's might not.
//
// With no pending terminator, control does not arrive from above: the block before ended in a return, trap or indirect
// jump. (A driver that falls into its first block says so with Jump.)
using System;
using System.Diagnostics;
using MiniJit.IR.Collections;

namespace MiniJit.Codegen.Emission;

internal sealed partial class MachineBuffer
{
    private readonly int _shortestReach;
    private Column<int> _open;                                 // labels that start at the next byte written
    private Terminator _pending;

    private enum TerminatorKind : byte
    {
        None,
        Jump,
        Branch,

        /// <summary>Taken if either of two conditions holds.</summary>
        BranchEither,
    }

    private struct Terminator
    {
        public TerminatorKind Kind;
        public uint Condition, OtherCondition, SourceLoc;
        public Label Taken, Else;
    }

    private bool HasPending => _pending.Kind != TerminatorKind.None || _open.Count != 0;

    /// <summary>Starts a block at the next byte.</summary>
    public void Bind(Label label)
    {
        Debug.Assert(_labels[label.Index] == Unbound);
        _open.Add(label.Index);
        _limit = 0;
    }

    /// <summary>Makes <paramref name="empty"/>, a block that only jumps to <paramref name="target"/>, an alias of it, unless that closes a circle.</summary>
    public void Thread(Label empty, Label target)
    {
        Debug.Assert(_count == 0 && _labels[empty.Index] == Unbound);
        int resolved = Resolve(target.Index);
        if (resolved != empty.Index)
        {
            _labels[empty.Index] = AliasBase - resolved;
        }
    }

    /// <summary>Whether <see cref="Thread"/> took the block away: it is neither bound nor emitted.</summary>
    public bool IsThreaded(Label label) => _labels[label.Index] <= AliasBase;

    /// <summary>Ends a block with a jump to another one.</summary>
    public void Jump(Label target) => SetPending(new Terminator { Kind = TerminatorKind.Jump, Else = target });

    /// <summary>Ends a block: to <paramref name="taken"/> if <paramref name="condition"/> holds, else to <paramref name="otherwise"/>.</summary>
    public void Branch(uint condition, Label taken, Label otherwise) =>
        SetPending(new Terminator { Kind = TerminatorKind.Branch, Condition = condition, Taken = taken, Else = otherwise });

    /// <summary>Ends a block: to <paramref name="taken"/> if one of two conditions holds.</summary>
    public void BranchEither(uint condition, uint otherCondition, Label taken, Label otherwise) => SetPending(new Terminator
    {
        Kind = TerminatorKind.BranchEither, Condition = condition, OtherCondition = otherCondition, Taken = taken, Else = otherwise,
    });

    private void ResetBranches()
    {
        _open.Clear();
        _pending = default;
    }

    private void SetPending(in Terminator terminator)
    {
        if (HasPending)
        {
            Flush();
        }

        _pending = terminator;
        _pending.SourceLoc = _sourceLoc;
        _limit = 0;
    }

    /// <summary>Ends a block whatever follows: writes its pending terminator in full, then <paramref name="bytes"/> zeros that nothing reaches.</summary>
    public void EndBlockWithPadding(int bytes)
    {
        if (_pending.Kind != TerminatorKind.None)
        {
            WritePendingHere(canFallThrough: false);
        }

        if (IslandDue(bytes + InstructionRoom))
        {
            EmitDeferred(isLast: false, bytes + InstructionRoom);
        }

        Reserve(bytes);
        _bytes.AsSpan(_count, bytes).Clear();
        _count += bytes;
        UpdateLimit();
    }

    private bool StartsHere(int label) => _open.Span.Contains(label);

    /// <summary>Writes the pending terminator and binds the labels that start here.</summary>
    private void Flush()
    {
        if (_pending.Kind != TerminatorKind.None)
        {
            bool island = IslandDue(InstructionRoom + IslandLookahead);
            WritePendingHere(canFallThrough: !island);
            if (island)
            {
                EmitDeferred(isLast: false);
            }
        }

        if (_open.Count != 0)
        {
            foreach (int label in _open.Span)
            {
                _labels[label] = _count;
            }

            _blockOffsets.Add(_count);
            _open.Clear();
        }

        UpdateLimit();
    }

    private void WritePendingHere(bool canFallThrough)
    {
        Reserve(InstructionRoom);
        uint sourceLoc = _sourceLoc;
        SetSource(_pending.SourceLoc);
        WritePending(canFallThrough);
        SetSource(sourceLoc);
        _pending = default;
    }

    private void WritePending(bool canFallThrough)
    {
        Label taken = new(Resolve(_pending.Kind == TerminatorKind.Jump ? _pending.Else.Index : _pending.Taken.Index));
        Label otherwise = new(Resolve(_pending.Else.Index));
        bool takenIsNext = canFallThrough && StartsHere(taken.Index), elseIsNext = canFallThrough && StartsHere(otherwise.Index);
        if (taken == otherwise)
        {
            if (!elseIsNext)
            {
                _isa.EmitJump(this, otherwise);
            }

            return;
        }

        uint condition = _pending.Condition;
        if (_pending.Kind == TerminatorKind.BranchEither)
        {
            _isa.EmitBranch(this, condition, taken);
            condition = _pending.OtherCondition;
        }

        if (takenIsNext)
        {
            _isa.EmitBranch(this, _isa.Invert(condition), otherwise);
            return;
        }

        _isa.EmitBranch(this, condition, taken);
        if (!elseIsNext)
        {
            _isa.EmitJump(this, otherwise);
        }
    }
}
