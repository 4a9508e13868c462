using System;
using System.Collections.Generic;

namespace MiniJit.IR.Tests.Analysis;

/// <summary>Functions that consist of nothing but control flow.</summary>
internal static class GraphFunctions
{
    /// <summary>Block i branches to <c>successors[i]</c>: none is a return, one a jump, two a brif, more a br_table.</summary>
    public static Function Build(IReadOnlyList<int[]> successors)
    {
        Function function = new(ExternalName.Symbol("graph"));
        Rebuild(function, successors);
        return function;
    }

    public static void Rebuild(Function function, IReadOnlyList<int[]> successors)
    {
        function.Clear();
        DataFlowGraph dfg = function.Dfg;
        for (int i = 0; i < successors.Count; i++)
        {
            function.Layout.Append(dfg.MakeBlock());
        }

        Inst selector = dfg.MakeInst(InstructionData.UnaryImm(Opcode.Iconst, IrType.I32, 0));
        Value value = dfg.AppendResult(selector, IrType.I32);
        function.Layout.Append(selector, Block.FromIndex(0));
        for (int i = 0; i < successors.Count; i++)
        {
            BlockCall[] calls = new BlockCall[successors[i].Length];
            for (int j = 0; j < calls.Length; j++)
            {
                calls[j] = dfg.MakeBlockCall(Block.FromIndex(successors[i][j]), ReadOnlySpan<Value>.Empty);
            }

            InstructionData data = calls.Length switch
            {
                0 => InstructionData.MultiAry(Opcode.Return, 0),
                1 => InstructionData.Jump(calls[0]),
                2 => InstructionData.Brif(IrType.I32, value, calls[0], calls[1]),
                _ => InstructionData.BranchTable(value, function.AddJumpTable(calls)),
            };
            function.Layout.Append(dfg.MakeInst(data), Block.FromIndex(i));
        }
    }

    /// <summary>A graph of 1 to <paramref name="limit"/> blocks of which most are reachable; cycles, self loops and double edges included.</summary>
    public static int[][] Random(Random random, int limit)
    {
        int[][] graph = new int[random.Next(1, limit + 1)][];
        for (int i = 0; i < graph.Length; i++)
        {
            graph[i] = new int[random.Next(8) switch { 0 => 0, 1 or 2 => 1, 7 => 3 + random.Next(3), _ => 2 }];
            for (int j = 0; j < graph[i].Length; j++)
            {
                graph[i][j] = random.Next(3) == 0 ? random.Next(graph.Length) : Math.Min(graph.Length - 1, i + 1 + random.Next(2));
            }
        }

        return graph;
    }

    public static string Show(IReadOnlyList<int[]> graph)
    {
        List<string> lines = [];
        for (int i = 0; i < graph.Count; i++)
        {
            lines.Add($"{i} -> {string.Join(' ', graph[i])}");
        }

        return string.Join("; ", lines);
    }
}
