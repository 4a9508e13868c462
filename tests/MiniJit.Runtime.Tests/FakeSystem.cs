using System;
using System.Collections.Generic;
using MiniJit.Runtime.Platform;

namespace MiniJit.Runtime.Tests;

/// <summary>Answers in the system's place, as a script says, and remembers what it was asked.</summary>
internal sealed unsafe class FakeSystem : IHostCalls
{
    private readonly Dictionary<string, Queue<int>> _errors = [];

    /// <summary>All calls so far, as a report writes them.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>CTR_EL0 of each processor; their number is that of the processors.</summary>
    public ulong[] CacheTypes { get; init; } = [0x8444_C004, 0x8444_C004];

    /// <summary>Processor on which the caller runs.</summary>
    public int Processor { get; private set; }

    /// <summary>What mmap gives.</summary>
    public nint Memory { get; init; }

    /// <summary>Lets calls of a name fail: with these errors one after the other (0: success), the last for ever.</summary>
    public FakeSystem Answer(string call, params int[] errors)
    {
        _errors[call] = new(errors);
        return this;
    }

    public HostResult Invoke(HostCall call, params ReadOnlySpan<nint> a)
    {
        HostCallInfo info = HostCallInfo.Of(call);
        Calls.Add(info.Format(a));
        if (_errors.TryGetValue(info.Describe(a), out Queue<int>? errors))
        {
            int error = errors.Count > 1 ? errors.Dequeue() : errors.Peek();
            if (error != 0)
            {
                return new(-1, error);
            }
        }

        switch (call)
        {
            case HostCall.GetAffinity:
                *(ulong*)a[2] = (1UL << CacheTypes.Length) - 1;
                return new(8, 0);
            case HostCall.RunOnProcessor:
                Processor = (int)a[0];
                return default;
            case HostCall.ReadCacheType:
                return new((nint)CacheTypes[Processor], 0);
            case HostCall.Mmap:
                return new(a[0] != 0 ? a[0] : Memory, 0);
            default:
                return default;
        }
    }
}
