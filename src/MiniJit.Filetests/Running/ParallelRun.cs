using System;
using System.Collections.Generic;
using System.Threading;

namespace MiniJit.Filetests.Running;

/// <summary>Runs files on several threads of this process.</summary>
internal static class ParallelRun
{
    // Compiled code may recurse deeply on purpose, and the interpreter with it. Only touched pages cost anything.
    public const int StackSize = 64 << 20;

    /// <summary>Runs all items; returns when they are done.</summary>
    public static void Run(RunOptions options, IReadOnlyList<WorkItem> items, IRunEvents events)
    {
        int count = Math.Clamp(items.Count, 1, options.Threads);
        WorkRanges work = new(items.Count, count);
        Thread[] threads = new Thread[count];
        for (int i = 0; i < count; i++)
        {
            int number = i;
            threads[i] = new Thread(() => Work(number), StackSize) { Name = $"tests {i}" };
            threads[i].Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        void Work(int number)
        {
            FileRunner runner = new(options, events);
            while (work.TryTake(number, out int index))
            {
                runner.Run(items[index]);
            }
        }
    }
}
