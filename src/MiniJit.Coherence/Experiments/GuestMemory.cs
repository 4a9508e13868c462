// Memory of a machine as the experimenter sees it, who is no core.
using System;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using MiniJit.IR;

namespace MiniJit.Coherence.Experiments;

internal static unsafe class GuestMemory
{
    /// <summary>Places code that was there before anything happened: no core knows it otherwise.</summary>
    public static void LoadCode(Arm64Machine machine, ulong address, ReadOnlySpan<uint> words)
    {
        ulong size = (ulong)((words.Length * sizeof(uint)) + PhysicalMemory.PageSize - 1) & ~(ulong)(PhysicalMemory.PageSize - 1);
        machine.Space.Map(address, size, PagePermissions.Read | PagePermissions.Write);
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(words);
        for (ulong done = 0; done < (ulong)bytes.Length; done += PhysicalMemory.PageSize)
        {
            bytes[(int)done..Math.Min(bytes.Length, (int)done + PhysicalMemory.PageSize)].CopyTo(Page(machine, address + done));
        }

        _ = machine.Space.TryProtect(address, size, PagePermissions.Read | PagePermissions.Execute);
    }

    /// <summary>Eight bytes, as they are in memory.</summary>
    public static ulong Read(Arm64Machine machine, ulong address) =>
        BinaryPrimitives.ReadUInt64LittleEndian(Page(machine, address)[(int)(address % PhysicalMemory.PageSize)..]);

    private static Span<byte> Page(Arm64Machine machine, ulong address) => machine.Space.TryGetFrame(address, out int frame)
        ? new(machine.Space.Memory[frame].Bytes, PhysicalMemory.PageSize)
        : throw new CompilerBugException("experiments", $"there is no memory at 0x{address:x}");
}
