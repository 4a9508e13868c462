using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Tests;

/// <summary>A machine with a page of code and some pages of data, and ways to fill them.</summary>
internal sealed class MachineFixture : IDisposable
{
    public const ulong Code = 0x1_0000, Data = 0x2_0000, DataSize = 0x4000;

    public MachineFixture(int cores = 1)
    {
        Machine = new(cores);
        Machine.Space.Map(Code, 0x1000, PagePermissions.Read | PagePermissions.Execute);
        Machine.Space.Map(Data, DataSize, PagePermissions.Read | PagePermissions.Write);
    }

    public Arm64Machine Machine { get; }

    public Core Core => Machine.Cores[0];

    public ref CoreState State => ref Core.State;

    /// <summary>Places instructions, behind them UDF, through a writable view as real code is; execution starts there.</summary>
    public void Load(params ReadOnlySpan<uint> words)
    {
        const ulong View = 0x9_0000;
        Machine.Space.MapAlias(View, Code, 0x1000, PagePermissions.Read | PagePermissions.Write);
        if (!Core.TryStore(View, MemoryMarshal.AsBytes(words)) || !Core.TryStore(View + ((ulong)words.Length * 4), [0, 0, 0, 0]))
        {
            throw new InvalidOperationException("The code page cannot be written.");
        }

        Machine.Space.Unmap(View, 0x1000);
        State.Pc = Code;
    }

    /// <summary>Executes until UDF or another exception.</summary>
    public CoreException RunToEnd(long limit = 1000)
    {
        StopReason reason = Core.Run(limit);
        return reason == StopReason.Exception ? Core.Exception : throw new InvalidOperationException($"stopped by {reason}");
    }

    public void Dispose() => Machine.Dispose();
}
