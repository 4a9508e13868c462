// One state of the operational model of instruction fetch, and its packed form. Values, words and addresses are handles of the model's
// tables, so that everything is a small number.
using System;

namespace MiniJit.Coherence.Exploration;

/// <summary>An instruction that was fetched and not yet dispatched.</summary>
/// <param name="Position">Where it was fetched from.</param>
/// <param name="Word">Handle of what was fetched.</param>
/// <param name="Next">Where fetching went on: the prediction.</param>
internal readonly record struct FetchedInstruction(short Position, ushort Word, short Next);

/// <summary>Kinds of operations in flight.</summary>
internal enum FlightKind : byte
{
    Load,
    LoadAcquire,
    Store,
    StoreRelease,
    CleanData,
    InvalidateInstruction,
    InvalidateAll,

    /// <summary>A system call waits until every core has taken its interrupt.</summary>
    AwaitCores,

    /// <summary>Barriers that order what is around them; they perform nothing.</summary>
    BarrierFull,
    BarrierLoad,
    BarrierStore,

    /// <summary>A branch that was predicted and waits for a load: anything (both ways lead to one place), equal to an address, zero, not zero.</summary>
    CheckArrived,
    CheckEqual,
    CheckZero,
    CheckNotZero,
}

/// <summary>A memory operation between dispatch and its effect.</summary>
/// <param name="Kind">What it will do.</param>
/// <param name="Id">Loads and checks: names the load that registers wait for.</param>
/// <param name="Size">Bytes: 4 or 8.</param>
/// <param name="Address">Handle of the address; of the expected target for checks.</param>
/// <param name="Data">Handle of the value to store.</param>
internal readonly record struct FlightOperation(FlightKind Kind, byte Id, byte Size, ushort Address, ushort Data);

/// <summary>A core: registers, fetch queue, operations in flight.</summary>
internal sealed class CoreFetchState(int registers)
{
    public const int QueueCapacity = 24, WindowCapacity = 16;

    /// <summary><see cref="Fetch"/>: the thread has ended; fetching waits for an event that redirects it.</summary>
    public const short Ended = -1, Stalled = -2;

    /// <summary>A register whose load is in flight: this bit and the load's id.</summary>
    public const ushort Pending = 0x8000;

    public readonly ushort[] Registers = new ushort[registers];
    public readonly FetchedInstruction[] Queue = new FetchedInstruction[QueueCapacity];
    public readonly FlightOperation[] Window = new FlightOperation[WindowCapacity];
    public int QueueCount, WindowCount;
    public short Fetch;

    /// <summary>Interrupts that were sent and not taken: bit c from core c, to synchronise; bit 8 + c to invalidate instructions as well.</summary>
    public ushort Interrupts;

    public byte Flags;

    public void CopyFrom(CoreFetchState other)
    {
        other.Registers.CopyTo(Registers, 0);
        other.Queue.AsSpan(0, other.QueueCount).CopyTo(Queue);
        other.Window.AsSpan(0, other.WindowCount).CopyTo(Window);
        (QueueCount, WindowCount, Fetch, Flags, Interrupts) = (other.QueueCount, other.WindowCount, other.Fetch, other.Flags, other.Interrupts);
    }

    public void DropHead()
    {
        QueueCount--;
        Queue.AsSpan(1, QueueCount).CopyTo(Queue);
    }

    public void RemoveOperation(int index)
    {
        WindowCount--;
        Window.AsSpan(index + 1, WindowCount - index).CopyTo(Window.AsSpan(index));
        int barriers = 0;                                      // with nothing before them they order nothing
        while (barriers < WindowCount && Window[barriers].Kind is >= FlightKind.BarrierFull and <= FlightKind.BarrierStore)
        {
            barriers++;
        }

        if (barriers > 0)
        {
            WindowCount -= barriers;
            Window.AsSpan(barriers, WindowCount).CopyTo(Window);
        }
    }

    /// <summary>The lowest id that no operation in flight has.</summary>
    public byte FreeId()
    {
        uint used = 0;
        foreach (ref readonly FlightOperation operation in Window.AsSpan(0, WindowCount))
        {
            used |= 1u << operation.Id;
        }

        return (byte)System.Numerics.BitOperations.TrailingZeroCount(~used);
    }
}

/// <summary>The versions of one instruction that may be modified: all that was stored there, and how far the point of unification is.</summary>
internal struct LineVersions
{
    public const int Capacity = 12;

    [System.Runtime.CompilerServices.InlineArray(Capacity)]
    private struct Words
    {
        private ushort _first;
    }

    private Words _words;

    /// <summary>Number of versions.</summary>
    public int Count;

    /// <summary>The newest version that the point of unification is known to hold.</summary>
    public int Unified;

    public readonly ushort this[int version] => _words[version];

    public readonly int Newest => Count - 1;

    public void Add(ushort word) => _words[Count++] = word;
}

internal sealed class FetchState
{
    private const int QueueEntrySize = 3, WindowEntrySize = 4;

    public readonly CoreFetchState[] Cores;
    public readonly ushort[] Memory;                           // value handle per variable
    public readonly LineVersions[] Lines;
    public readonly ushort[] Caches;                           // per core and line: set of versions that a fetch may return

    public FetchState(int cores, int registers, int variables, int lines)
    {
        Cores = new CoreFetchState[cores];
        for (int i = 0; i < cores; i++)
        {
            Cores[i] = new(registers);
        }

        Memory = new ushort[variables];
        Lines = new LineVersions[lines];
        Caches = new ushort[cores * lines];
    }

    public ref ushort Cache(int core, int line) => ref Caches[(core * Lines.Length) + line];

    public void CopyFrom(FetchState other)
    {
        for (int i = 0; i < Cores.Length; i++)
        {
            Cores[i].CopyFrom(other.Cores[i]);
        }

        other.Memory.CopyTo(Memory, 0);
        other.Lines.CopyTo(Lines, 0);
        other.Caches.CopyTo(Caches, 0);
    }

    /// <summary>Upper bound of the packed size, in 16-bit units.</summary>
    public int PackedBound =>
        (Cores.Length * (Cores[0].Registers.Length + 4 + (CoreFetchState.QueueCapacity * QueueEntrySize) + (CoreFetchState.WindowCapacity * WindowEntrySize)))
        + Memory.Length + (Lines.Length * (LineVersions.Capacity + 1)) + Caches.Length;

    /// <summary>Writes the state, equal states equally.</summary>
    /// <returns>Units written.</returns>
    public int Pack(Span<ushort> output)
    {
        int at = 0;
        foreach (CoreFetchState core in Cores)
        {
            core.Registers.CopyTo(output[at..]);
            at += core.Registers.Length;
            output[at++] = (ushort)core.Fetch;
            output[at++] = (ushort)(core.Flags | (core.QueueCount << 8));
            output[at++] = (ushort)core.WindowCount;
            output[at++] = core.Interrupts;
            foreach (ref readonly FetchedInstruction fetched in core.Queue.AsSpan(0, core.QueueCount))
            {
                output[at++] = (ushort)fetched.Position;
                output[at++] = fetched.Word;
                output[at++] = (ushort)fetched.Next;
            }

            foreach (ref readonly FlightOperation operation in core.Window.AsSpan(0, core.WindowCount))
            {
                output[at++] = (ushort)((int)operation.Kind | (operation.Id << 8));
                output[at++] = operation.Size;
                output[at++] = operation.Address;
                output[at++] = operation.Data;
            }
        }

        Memory.CopyTo(output[at..]);
        at += Memory.Length;
        foreach (ref readonly LineVersions line in Lines.AsSpan())
        {
            output[at++] = (ushort)(line.Count | (line.Unified << 8));
            for (int i = 0; i < line.Count; i++)
            {
                output[at++] = line[i];
            }
        }

        Caches.CopyTo(output[at..]);
        return at + Caches.Length;
    }

    /// <summary>Reads back what <see cref="Pack"/> wrote.</summary>
    public void Unpack(ReadOnlySpan<ushort> input)
    {
        int at = 0;
        foreach (CoreFetchState core in Cores)
        {
            input.Slice(at, core.Registers.Length).CopyTo(core.Registers);
            at += core.Registers.Length;
            core.Fetch = (short)input[at++];
            core.Flags = (byte)input[at];
            core.QueueCount = input[at++] >> 8;
            core.WindowCount = input[at++];
            core.Interrupts = input[at++];
            for (int i = 0; i < core.QueueCount; i++)
            {
                core.Queue[i] = new((short)input[at], input[at + 1], (short)input[at + 2]);
                at += QueueEntrySize;
            }

            for (int i = 0; i < core.WindowCount; i++)
            {
                core.Window[i] = new((FlightKind)(byte)input[at], (byte)(input[at] >> 8), (byte)input[at + 1], input[at + 2], input[at + 3]);
                at += WindowEntrySize;
            }
        }

        input.Slice(at, Memory.Length).CopyTo(Memory);
        at += Memory.Length;
        foreach (ref LineVersions line in Lines.AsSpan())
        {
            int count = input[at] & 0xFF;
            line.Unified = input[at++] >> 8;
            line.Count = 0;
            for (int i = 0; i < count; i++)
            {
                line.Add(input[at++]);
            }
        }

        input.Slice(at, Caches.Length).CopyTo(Caches);
    }
}
