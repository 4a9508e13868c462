using System;
using System.Collections.Generic;
using System.Linq;
using MiniJit.IR.Analysis;
using Xunit;

namespace MiniJit.IR.Tests.Analysis;

public sealed class ControlFlowTests
{
    private const int RandomGraphs = 3000;

    [Fact]
    public void Edges_keep_the_order_of_the_branch_and_count_twice_when_named_twice()
    {
        int[][] graph = [[2, 1], [3, 3], [1, 2, 3, 1], []];
        ControlFlowGraph cfg = new();
        cfg.Compute(GraphFunctions.Build(graph));

        for (int i = 0; i < graph.Length; i++)
        {
            Assert.Equal(graph[i], Indices(cfg.Successors(Block.FromIndex(i))));
        }

        Assert.Equal([0, 2, 2], Sources(cfg, 1));
        Assert.Equal([0, 2], Sources(cfg, 2));
        Assert.Equal([1, 1, 2], Sources(cfg, 3));
    }

    [Fact]
    public void Predecessors_name_the_branch_instruction()
    {
        Function function = GraphFunctions.Build([[1], []]);
        ControlFlowGraph cfg = new();
        cfg.Compute(function);
        Assert.Equal(function.Layout.LastInst(Block.FromIndex(0)), cfg.Predecessors(Block.FromIndex(1))[0].Branch);
    }

    [Fact]
    public void A_destination_that_is_not_in_the_function_is_left_out()
    {
        Function function = GraphFunctions.Build([[1, 2], [2], []]);
        function.Layout.Remove(Block.FromIndex(2));
        ControlFlowGraph cfg = new();
        cfg.Compute(function);
        Assert.Equal([1], Indices(cfg.Successors(Block.FromIndex(0))));
        Assert.False(cfg.IsReachable(Block.FromIndex(2)));
    }

    [Fact]
    public void An_empty_function_has_empty_analyses()
    {
        Function function = new(ExternalName.Symbol("empty"));
        (ControlFlowGraph cfg, DominatorTree tree, LoopForest loops) = Analyse(function);
        Assert.True(cfg.Postorder.IsEmpty);
        Assert.True(tree.Preorder.IsEmpty);
        Assert.Equal(0, loops.Count);
    }

    [Fact]
    public void Postorder_is_that_of_a_recursive_walk()
    {
        foreach (int[][] graph in RandomSample())
        {
            ControlFlowGraph cfg = new();
            cfg.Compute(GraphFunctions.Build(graph));
            List<int> expected = [];
            RecursiveWalk(graph, 0, new bool[graph.Length], expected);
            Assert.True(expected.SequenceEqual(Indices(cfg.Postorder)), GraphFunctions.Show(graph));
            for (int i = 0; i < graph.Length; i++)
            {
                Assert.Equal(expected.Contains(i), cfg.IsReachable(Block.FromIndex(i)));
                Assert.Equal(expected.IndexOf(i), cfg.PostorderIndex(Block.FromIndex(i)));
            }

            expected.Reverse();
            Assert.Equal(expected, Indices(cfg.ReversePostorder));
            Assert.All(expected, (block, index) => Assert.Equal(index, cfg.ReversePostorderIndex(Block.FromIndex(block))));
        }
    }

    [Fact]
    public void The_dominator_tree_prints_in_the_order_of_the_reference()
    {
        // 0 branches to 1 and 2, 2 goes to 3; children come in reverse postorder.
        (ControlFlowGraph cfg, DominatorTree tree, _) = Analyse(GraphFunctions.Build([[2, 1], [], [3], []]));
        Assert.Equal([3, 2, 1, 0], Indices(cfg.Postorder));
        Assert.Equal([0, 1, 2, 3], Indices(tree.Preorder));
        Assert.Equal(Block.FromIndex(1), tree.FirstChild(Block.FromIndex(0)));
        Assert.Equal(Block.FromIndex(2), tree.NextSibling(Block.FromIndex(1)));
    }

    [Fact]
    public void Dominance_agrees_with_its_definition()
    {
        foreach (int[][] graph in RandomSample())
        {
            (_, DominatorTree tree, _) = Analyse(GraphFunctions.Build(graph));
            bool[,] expected = DominanceByRemoval(graph);
            for (int a = 0; a < graph.Length; a++)
            {
                for (int b = 0; b < graph.Length; b++)
                {
                    Assert.True(expected[a, b] == tree.Dominates(Block.FromIndex(a), Block.FromIndex(b)), $"{a} over {b}: {GraphFunctions.Show(graph)}");
                }
            }
        }
    }

    [Fact]
    public void The_immediate_dominator_is_dominated_by_every_other_strict_dominator()
    {
        foreach (int[][] graph in RandomSample())
        {
            (ControlFlowGraph cfg, DominatorTree tree, _) = Analyse(GraphFunctions.Build(graph));
            bool[,] dominates = DominanceByRemoval(graph);
            for (int b = 0; b < graph.Length; b++)
            {
                Block dominator = tree.ImmediateDominator(Block.FromIndex(b));
                Assert.Equal(b == 0 || !cfg.IsReachable(Block.FromIndex(b)), dominator.IsNone);
                for (int a = 0; a < graph.Length && !dominator.IsNone; a++)
                {
                    Assert.True(a == b || !dominates[a, b] || dominates[a, dominator.Index], GraphFunctions.Show(graph));
                }
            }
        }
    }

    [Fact]
    public void Tree_preorder_visits_parents_first_and_children_in_reverse_postorder()
    {
        foreach (int[][] graph in RandomSample())
        {
            (ControlFlowGraph cfg, DominatorTree tree, _) = Analyse(GraphFunctions.Build(graph));
            List<int> expected = [];
            RecursivePreorder(cfg, tree, graph.Length, 0, expected);
            Assert.True(expected.SequenceEqual(Indices(tree.Preorder)), GraphFunctions.Show(graph));
        }
    }

    [Fact]
    public void Loops_agree_with_their_definition()
    {
        foreach (int[][] graph in RandomSample())
        {
            (_, _, LoopForest loops) = Analyse(GraphFunctions.Build(graph));
            SortedDictionary<int, HashSet<int>> expected = NaturalLoops(graph);
            Assert.Equal(expected.Count, loops.Count);
            for (int i = 0; i < loops.Count; i++)
            {
                Loop loop = Loop.FromIndex(i);
                HashSet<int> body = expected[loops.Header(loop).Index];
                for (int b = 0; b < graph.Length; b++)
                {
                    Assert.True(body.Contains(b) == loops.Contains(loop, Block.FromIndex(b)), $"{loop}, {b}: {GraphFunctions.Show(graph)}");
                }
            }

            for (int b = 0; b < graph.Length; b++)
            {
                Assert.Equal(expected.Values.Count(body => body.Contains(b)), loops.LoopDepth(Block.FromIndex(b)));
                Assert.Equal(expected.ContainsKey(b), loops.IsHeader(Block.FromIndex(b)));
            }
        }
    }

    [Fact]
    public void A_cycle_with_two_entries_is_no_loop()
    {
        (_, _, LoopForest loops) = Analyse(GraphFunctions.Build([[1, 2], [2], [1, 3], []]));
        Assert.Equal(0, loops.Count);
    }

    [Fact]
    public void A_hundred_thousand_blocks_in_a_row_do_not_overflow_the_stack()
    {
        const int Count = 100_000;
        int[][] graph = new int[Count][];
        for (int i = 0; i < Count; i++)
        {
            graph[i] = i + 1 < Count ? [i + 1] : [];
        }

        (ControlFlowGraph cfg, DominatorTree tree, LoopForest loops) = Analyse(GraphFunctions.Build(graph));
        Assert.Equal(Count, cfg.Postorder.Length);
        Assert.Equal(Block.FromIndex(Count - 2), tree.ImmediateDominator(Block.FromIndex(Count - 1)));
        Assert.Equal(0, loops.Count);
    }

    [Fact]
    public void Fifty_thousand_nested_loops_are_found_in_time()
    {
        // Headers 0 … n-1 each enter the next; latches n … 2n-1 leave outwards or go back to their header.
        const int Depth = 50_000;
        int[][] graph = new int[(2 * Depth) + 1][];
        for (int i = 0; i < Depth; i++)
        {
            graph[i] = [i + 1];
            graph[Depth + i] = [Depth - 1 - i, Depth + i + 1];
        }

        graph[2 * Depth] = [];
        (_, _, LoopForest loops) = Analyse(GraphFunctions.Build(graph));
        Assert.Equal(Depth, loops.Count);
        Assert.Equal(Depth, loops.LoopDepth(Block.FromIndex(Depth)));
        Assert.Equal(1, loops.LoopDepth(Block.FromIndex((2 * Depth) - 1)));
    }

    [Fact]
    public void A_ladder_that_defeats_iterative_algorithms_is_solved_in_time()
    {
        // Two rails with rungs both ways: every block past the first two has the entry as its immediate dominator.
        const int Length = 40_000;
        int[][] graph = new int[(2 * Length) + 1][];
        graph[0] = [1, Length + 1];
        for (int i = 1; i <= Length; i++)
        {
            int next = i < Length ? i + 1 : i;
            graph[i] = [next, Length + i];
            graph[Length + i] = [i < Length ? Length + i + 1 : Length + i, i];
        }

        (_, DominatorTree tree, _) = Analyse(GraphFunctions.Build(graph));
        for (int i = 1; i < graph.Length; i++)
        {
            Assert.Equal(Block.FromIndex(0), tree.ImmediateDominator(Block.FromIndex(i)));
        }
    }

    [Fact]
    public void Analyses_of_a_second_function_allocate_nothing()
    {
        Random random = new(7);
        Function[] functions = [.. Enumerable.Range(0, 50).Select(_ => GraphFunctions.Build(GraphFunctions.Random(random, 60)))];
        ControlFlowGraph cfg = new();
        DominatorTree tree = new();
        LoopForest loops = new();
        long before = 0;
        for (int round = 0; round < 2; round++)
        {
            before = GC.GetAllocatedBytesForCurrentThread();
            foreach (Function function in functions)
            {
                cfg.Compute(function);
                tree.Compute(function, cfg);
                loops.Compute(cfg, tree);
            }
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static (ControlFlowGraph Cfg, DominatorTree Tree, LoopForest Loops) Analyse(Function function)
    {
        ControlFlowGraph cfg = new();
        DominatorTree tree = new();
        LoopForest loops = new();
        cfg.Compute(function);
        tree.Compute(function, cfg);
        loops.Compute(cfg, tree);
        return (cfg, tree, loops);
    }

    private static IEnumerable<int[][]> RandomSample()
    {
        Random random = new(20261122);
        for (int i = 0; i < RandomGraphs; i++)
        {
            yield return GraphFunctions.Random(random, i % 2 == 0 ? 7 : 16);
        }
    }

    private static int[] Indices(ReadOnlySpan<Block> blocks)
    {
        int[] indices = new int[blocks.Length];
        for (int i = 0; i < indices.Length; i++)
        {
            indices[i] = blocks[i].Index;
        }

        return indices;
    }

    private static int[] Sources(ControlFlowGraph cfg, int block)
    {
        List<int> sources = [];
        foreach (BlockPredecessor edge in cfg.Predecessors(Block.FromIndex(block)))
        {
            sources.Add(edge.Block.Index);
        }

        return [.. sources];
    }

    private static void RecursiveWalk(int[][] graph, int block, bool[] seen, List<int> postorder)
    {
        seen[block] = true;
        foreach (int next in graph[block])
        {
            if (!seen[next])
            {
                RecursiveWalk(graph, next, seen, postorder);
            }
        }

        postorder.Add(block);
    }

    private static void RecursivePreorder(ControlFlowGraph cfg, DominatorTree tree, int count, int block, List<int> order)
    {
        order.Add(block);
        IEnumerable<int> children = Enumerable.Range(0, count).Where(b => tree.ImmediateDominator(Block.FromIndex(b)) == Block.FromIndex(block));
        foreach (int child in children.OrderByDescending(b => cfg.PostorderIndex(Block.FromIndex(b))))
        {
            RecursivePreorder(cfg, tree, count, child, order);
        }
    }

    private static HashSet<int> Reachable(int[][] graph, int without)
    {
        HashSet<int> seen = [];
        Stack<int> work = new();
        work.Push(0);
        while (work.TryPop(out int block))
        {
            if (block != without && seen.Add(block))
            {
                foreach (int next in graph[block])
                {
                    work.Push(next);
                }
            }
        }

        return seen;
    }

    private static bool[,] DominanceByRemoval(int[][] graph)
    {
        bool[,] dominates = new bool[graph.Length, graph.Length];
        HashSet<int> reachable = Reachable(graph, -1);
        foreach (int a in reachable)
        {
            HashSet<int> rest = Reachable(graph, a);
            foreach (int b in reachable)
            {
                dominates[a, b] = !rest.Contains(b);
            }
        }

        return dominates;
    }

    private static SortedDictionary<int, HashSet<int>> NaturalLoops(int[][] graph)
    {
        bool[,] dominates = DominanceByRemoval(graph);
        SortedDictionary<int, HashSet<int>> loops = [];
        for (int latch = 0; latch < graph.Length; latch++)
        {
            foreach (int header in graph[latch].Where(h => dominates[h, latch]))
            {
                if (!loops.TryGetValue(header, out HashSet<int>? body))
                {
                    loops.Add(header, body = [header]);
                }

                Stack<int> work = new([latch]);
                while (work.TryPop(out int block))
                {
                    if (body.Add(block))
                    {
                        for (int p = 0; p < graph.Length; p++)
                        {
                            if (graph[p].Contains(block) && dominates[0, p])
                            {
                                work.Push(p);
                            }
                        }
                    }
                }
            }
        }

        return loops;
    }
}
