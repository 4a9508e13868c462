// All places in which an instruction names values: operands, arguments of its block calls, contexts of its exception table.
using System;
using MiniJit.IR;

namespace MiniJit.Codegen.Optimization;

internal static class Operands
{
    /// <summary>Replaces aliases by what they stand for in everything the instruction names.</summary>
    public static void Resolve(Function function, Inst inst)
    {
        DataFlowGraph dfg = function.Dfg;
        foreach (ref Value operand in dfg.Args(inst))
        {
            operand = dfg.Resolve(operand);
        }

        Opcode opcode = dfg[inst].Opcode;
        if ((opcode.Effects() & OpcodeEffects.Terminator) == 0)
        {
            return;
        }

        foreach (BlockCall call in dfg.Destinations(inst))
        {
            foreach (ref BlockArg arg in dfg.BlockArgs(call))
            {
                if (arg.IsValue)
                {
                    arg = BlockArg.Of(dfg.Resolve(arg.Value));
                }
            }
        }

        if (opcode is Opcode.TryCall or Opcode.TryCallIndirect)
        {
            ExceptionTable table = dfg[inst].ExceptionTable;
            for (int i = 0; i < function.ExceptionItemCount(table); i++)
            {
                ExceptionItem item = function.ExceptionItemAt(table, i);
                if (item.Kind == ExceptionItemKind.Context)
                {
                    function.SetExceptionContext(table, i, dfg.Resolve(item.Context));
                }
            }
        }
    }
}
