// Where a core's returns may go: behind the calls that it can reach. Calls that only other cores reach would be predicted in vain.
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Coherence.Litmus;

namespace MiniJit.Coherence.Exploration;

internal sealed class ReturnSearch(LitmusTest test, ushort[] code, int[] lineOf, bool[] isEnd, A64Instruction[] instructions, List<short> targets)
{
    private readonly bool[] _reached = new bool[code.Length];
    private readonly List<short> _returns = [];

    public List<short> From(int position)
    {
        Reach(position);
        foreach (LitmusRegion handler in test.Handlers)
        {
            Reach(handler.First);
        }

        if (_returns.Count == 0)
        {
            _returns.AddRange(targets);                        // a return register that the initial state gives
        }

        return _returns;
    }

    private void Reach(long position)
    {
        while (position >= 0 && position < code.Length && !_reached[position] && !isEnd[position])
        {
            _reached[position] = true;
            A64Instruction instruction = instructions[code[position]];
            Follow(instruction, position);
            if (lineOf[position] >= 0)
            {
                ReachStored(position);
            }
            else if (instruction.Form is A64Form.B or A64Form.Br or A64Form.Ret or A64Form.Eret)
            {
                return;
            }

            position++;
        }
    }

    // Whatever the test may store there.
    private void ReachStored(long position)
    {
        foreach (LitmusRegister register in test.Registers)
        {
            FollowValue(register.Value, position);
        }

        foreach (LitmusVariable variable in test.Variables)
        {
            FollowValue(variable.Value, position);
        }
    }

    private void FollowValue(ulong value, long position)
    {
        if (value <= uint.MaxValue && Decode.TryInstruction((uint)value, out A64Instruction stored))
        {
            Follow(stored, position);
        }
    }

    private void Follow(in A64Instruction instruction, long position)
    {
        if (instruction.Form is A64Form.Bl or A64Form.Blr && !_returns.Contains((short)(position + 1)))
        {
            _returns.Add((short)(position + 1));
        }

        switch (instruction.Form)
        {
            case A64Form.B or A64Form.Bl or A64Form.BCond or A64Form.Cbz or A64Form.Cbnz or A64Form.Tbz or A64Form.Tbnz:
                Reach(position + (instruction.Imm / 4));
                break;
            case A64Form.Br or A64Form.Blr or A64Form.Ret:
                foreach (short target in targets)
                {
                    Reach(target);
                }

                break;
        }
    }
}
