using System;
using System.Threading;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Memory;

namespace MiniJit.Runtime.Invocation;

/// <summary>All heaps of this process: a trap reports an address, not the heap it belongs to.</summary>
internal static class HostHeaps
{
    private static readonly Lock s_lock = new();
    private static CodeHeap[] s_heaps = [];

    public static void Add(CodeHeap heap)
    {
        lock (s_lock)
        {
            Volatile.Write(ref s_heaps, [.. s_heaps, heap]);
        }
    }

    public static void Remove(CodeHeap heap)
    {
        lock (s_lock)
        {
            Volatile.Write(ref s_heaps, Array.FindAll(s_heaps, other => other != heap));
        }
    }

    /// <summary>The function that holds an address, without taking a lock.</summary>
    public static JitFunction? Find(nuint address)
    {
        foreach (CodeHeap heap in Volatile.Read(ref s_heaps))
        {
            if (heap.Find(address) is JitFunction function)
            {
                return function;
            }
        }

        return null;
    }
}
