// From a choice to the next ones: everything that commutes with what other cores do is done at once, on every path that could be predicted.
using System;
using MiniJit.Backend.Arm64;

namespace MiniJit.Coherence.Exploration;

internal sealed partial class FetchModel
{
    /// <summary>
    /// Lets the cores from <paramref name="core"/> to <paramref name="last"/> do what commutes with all others, on every predicted path, and
    /// remembers the states that come of it. Consumes the state.
    /// </summary>
    private void Settle(FetchState state, int core, int last)
    {
        CoreFetchState thread = state.Cores[core];
        for (int step = 0; step < SettleLimit && _problem.Length == 0; step++)
        {
            FetchedInstruction head = thread.Queue[0];
            DispatchResult result = thread.QueueCount == 0 || IsHeld(thread, core) ? DispatchResult.Waits : Dispatch(state, thread, core);
            if (result is DispatchResult.Done or DispatchResult.Flushed)
            {
                _trace?.Add(TraceStep.Execute(core, head.Position, _words[head.Word], !IsResolved(thread)));
            }

            if (result == DispatchResult.Mispredicted)
            {
                _free.Push(state);
                return;
            }

            if (result == DispatchResult.Done)
            {
                thread.DropHead();
                continue;
            }

            if (result == DispatchResult.Flushed)
            {
                thread.QueueCount = 0;
                continue;
            }

            if (thread.Fetch >= 0 && _isEnd[thread.Fetch])
            {
                thread.Fetch = CoreFetchState.Ended;
            }

            if (thread.Fetch < 0 || thread.QueueCount == CoreFetchState.QueueCapacity || _lineOf[thread.Fetch] >= 0)
            {
                Rest(state, core, last);
                return;
            }

            FetchWord(state, core, last, _code[thread.Fetch]);
            return;
        }

        _free.Push(state);                                     // an endless loop: no final state
    }

    /// <summary>
    /// Whether dispatching the head is a choice: an interrupt can come before a memory operation, and once that is in flight the handler waits for it.
    /// </summary>
    private bool IsHeld(CoreFetchState thread, int core) =>
        _isInterrupted[core]
        && _instructions[thread.Queue[0].Word].Form is A64Form.Sys or A64Form.LoadStoreUnsigned or A64Form.LoadStoreRegister or A64Form.Ldar or A64Form.Stlr;

    private void Rest(FetchState state, int core, int last)
    {
        if (core < last)
        {
            Settle(state, core + 1, last);
            return;
        }

        ReadOnlySpan<int> row = RowOf(state);
        if (_trace is not null)
        {
            _trace.Arrive(row);
        }
        else
        {
            if (_successorCount + row.Length > _successors.Length)
            {
                AddSuccessors();
            }

            row.CopyTo(_successors.AsSpan(_successorCount));
            _successorCount += row.Length;
        }

        _free.Push(state);
    }

    /// <summary>Appends a fetched word and goes on along every path that could be predicted; consumes the state.</summary>
    private void FetchWord(FetchState state, int core, int last, ushort word)
    {
        CoreFetchState thread = state.Cores[core];
        short position = thread.Fetch;
        ref readonly A64Instruction instruction = ref _instructions[word];
        int branch = position + (int)(instruction.Imm / 4);
        switch (instruction.Form)
        {
            case A64Form.B or A64Form.Bl:
                FetchOn(state, core, last, word, branch);
                return;

            case A64Form.BCond or A64Form.Cbz or A64Form.Cbnz or A64Form.Tbz or A64Form.Tbnz:
                // With nothing before it the way is known already; otherwise it is guessed, both ways.
                bool? isTaken = thread.QueueCount == 0 ? Decide(thread, instruction) : null;
                if (isTaken != false && branch != position + 1)
                {
                    FetchOn(isTaken == true ? state : Fork(state, core, last), core, last, word, branch);
                    if (isTaken == true)
                    {
                        return;
                    }

                    Backtrack();
                }

                FetchOn(state, core, last, word, position + 1);
                return;

            case A64Form.Br or A64Form.Blr or A64Form.Ret:
                FetchIndirect(state, core, last, word, instruction);
                return;

            // Whatever is fetched behind an event that flushes the queue is forgotten.
            case A64Form.Isb or A64Form.Udf or A64Form.Svc or A64Form.Brk or A64Form.Eret:
                FetchOn(state, core, last, word, CoreFetchState.Stalled);
                return;

            default:
                FetchOn(state, core, last, word, position + 1);
                return;
        }
    }

    private void FetchIndirect(FetchState state, int core, int last, ushort word, in A64Instruction instruction)
    {
        CoreFetchState thread = state.Cores[core];
        ushort target = thread.Registers[_registerSlot[instruction.Rn]];
        if (thread.QueueCount == 0 && (target & CoreFetchState.Pending) == 0)
        {
            int known = _positions[target];
            FetchOn(state, core, last, word, known < 0 ? _code.Length : known);
            return;
        }

        foreach (short guess in instruction.Form == A64Form.Ret ? _returns[core] : _targets)
        {
            FetchOn(Fork(state, core, last), core, last, word, guess);
            Backtrack();
        }

        _free.Push(state);
    }

    private void FetchOn(FetchState state, int core, int last, ushort word, int next)
    {
        if (next >= _code.Length || next < CoreFetchState.Stalled)
        {
            _free.Push(state);                                 // outside of all code
            return;
        }

        CoreFetchState thread = state.Cores[core];
        thread.Queue[thread.QueueCount++] = new(thread.Fetch, word, (short)next);
        thread.Fetch = (short)next;
        Settle(state, core, last);
    }

    /// <summary>Which way a branch goes whose operands are there; null if they are not.</summary>
    private bool? Decide(CoreFetchState thread, in A64Instruction i)
    {
        if (i.Form == A64Form.BCond)
        {
            return Holds(i.Cond, thread.Flags);
        }

        bool isBit = i.Form is A64Form.Tbz or A64Form.Tbnz;
        if (!TryRead(thread, i.Rd, isBit ? 8 : i.Size, out ulong value))
        {
            return null;
        }

        return isBit ? (((value >> i.Aux) & 1) != 0) == (i.Form == A64Form.Tbnz) : (value == 0) == (i.Form == A64Form.Cbz);
    }
}
