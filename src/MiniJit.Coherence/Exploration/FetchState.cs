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

    private const int QueueEntrySize = 3, WindowEntrySize = 4;

    /// <summary><see cref="Fetch"/>: the thread has ended; fetching waits for an event that redirects it.</summary>
    public const short Ended = -1, Stalled = -2;

    /// <summary>A register whose load is in flight: this bit and the load's id.</summary>
    public const ushort Pending = 0x8000;

    public readonly ushort[] Registers = new ushort[registers];
    public readonly FetchedInstruction[] Queue = new FetchedInstruction[QueueCapacity];
    public readonly FlightOperation[] Window = new FlightOperation[WindowCapacity];
    public int QueueCount, WindowCount;
    public short Fetch;
    public byte Flags;

    public void CopyFrom(CoreFetchState other)
    {
        other.Registers.CopyTo(Registers, 0);
        other.Queue.AsSpan(0, other.QueueCount).CopyTo(Queue);
        other.Window.AsSpan(0, other.WindowCount).CopyTo(Window);
        (QueueCount, WindowCount, Fetch, Flags) = (other.QueueCount, other.WindowCount, other.Fetch, other.Flags);
    }

    /// <summary>Upper bound of the packed size, in 16-bit units.</summary>
    public int PackedBound => Registers.Length + 3 + (QueueCapacity * QueueEntrySize) + (WindowCapacity * WindowEntrySize);

    /// <summary>Writes the core, equal ones equally.</summary>
    /// <returns>Units written.</returns>
    public int Pack(Span<ushort> output)
    {
        Registers.CopyTo(output);
        int at = Registers.Length;
        output[at++] = (ushort)Fetch;
        output[at++] = (ushort)(Flags | (QueueCount << 8));
        output[at++] = (ushort)WindowCount;
        foreach (ref readonly FetchedInstruction fetched in Queue.AsSpan(0, QueueCount))
        {
            output[at++] = (ushort)fetched.Position;
            output[at++] = fetched.Word;
            output[at++] = (ushort)fetched.Next;
        }

        foreach (ref readonly FlightOperation operation in Window.AsSpan(0, WindowCount))
        {
            output[at++] = (ushort)((int)operation.Kind | (operation.Id << 8));
            output[at++] = operation.Size;
            output[at++] = operation.Address;
            output[at++] = operation.Data;
        }

        return at;
    }

    /// <summary>Reads back what <see cref="Pack"/> wrote.</summary>
    public void Unpack(ReadOnlySpan<ushort> input)
    {
        input[..Registers.Length].CopyTo(Registers);
        int at = Registers.Length;
        Fetch = (short)input[at++];
        Flags = (byte)input[at];
        QueueCount = input[at++] >> 8;
        WindowCount = input[at++];
        for (int i = 0; i < QueueCount; i++)
        {
            Queue[i] = new((short)input[at], input[at + 1], (short)input[at + 2]);
            at += QueueEntrySize;
        }

        for (int i = 0; i < WindowCount; i++)
        {
            Window[i] = new((FlightKind)(byte)input[at], (byte)(input[at] >> 8), (byte)input[at + 1], input[at + 2], input[at + 3]);
            at += WindowEntrySize;
        }
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

/// <summary>What the cores have in common.</summary>
internal sealed class SharedState(int cores, int variables, int lines)
{
    public readonly ushort[] Memory = new ushort[variables];   // value handle per variable
    public readonly LineVersions[] Lines = new LineVersions[lines];
    public readonly ushort[] Caches = new ushort[cores * lines];    // per core and line: set of versions that a fetch may return

    /// <summary>Per core, interrupts that were sent and not taken: bit c from core c, to synchronise; bit 8 + c to invalidate instructions as well.</summary>
    public readonly ushort[] Interrupts = new ushort[cores];

    /// <summary>Upper bound of the packed size, in 16-bit units.</summary>
    public int PackedBound => Memory.Length + (Lines.Length * (LineVersions.Capacity + 1)) + Caches.Length + Interrupts.Length;

    public ref ushort Cache(int core, int line) => ref Caches[(core * Lines.Length) + line];

    public void CopyFrom(SharedState other)
    {
        other.Memory.CopyTo(Memory, 0);
        other.Lines.CopyTo(Lines, 0);
        other.Caches.CopyTo(Caches, 0);
        other.Interrupts.CopyTo(Interrupts, 0);
    }

    /// <summary>Writes it, equal ones equally.</summary>
    /// <returns>Units written.</returns>
    public int Pack(Span<ushort> output)
    {
        Memory.CopyTo(output);
        int at = Memory.Length;
        foreach (ref readonly LineVersions line in Lines.AsSpan())
        {
            output[at++] = (ushort)(line.Count | (line.Unified << 8));
            for (int i = 0; i < line.Count; i++)
            {
                output[at++] = line[i];
            }
        }

        Caches.CopyTo(output[at..]);
        at += Caches.Length;
        Interrupts.CopyTo(output[at..]);
        return at + Interrupts.Length;
    }

    /// <summary>Reads back what <see cref="Pack"/> wrote.</summary>
    public void Unpack(ReadOnlySpan<ushort> input)
    {
        input[..Memory.Length].CopyTo(Memory);
        int at = Memory.Length;
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
        input.Slice(at + Caches.Length, Interrupts.Length).CopyTo(Interrupts);
    }
}

/// <summary>A state. A successor has for itself only what changes, and all other parts in common with its predecessor.</summary>
internal sealed class FetchState
{
    public readonly CoreFetchState[] Cores;

    private readonly CoreFetchState[] _own;
    private readonly SharedState _ownShared;

    public FetchState(int cores, int registers, int variables, int lines)
    {
        _own = new CoreFetchState[cores];
        for (int i = 0; i < cores; i++)
        {
            _own[i] = new(registers);
        }

        Cores = [.. _own];
        _ownShared = new(cores, variables, lines);
        Shared = _ownShared;
    }

    /// <summary>To read; <see cref="ToChange"/> to write.</summary>
    public SharedState Shared { get; private set; }

    /// <summary>Becomes equal to another state, which must not change as long as this one is used.</summary>
    /// <param name="other">The state.</param>
    /// <param name="first">The first core that is not shared.</param>
    /// <param name="last">The last one.</param>
    public void CopyFrom(FetchState other, int first, int last)
    {
        other.Cores.CopyTo(Cores, 0);
        for (int i = first; i <= last; i++)
        {
            _own[i].CopyFrom(other.Cores[i]);
            Cores[i] = _own[i];
        }

        Shared = other.Shared;
    }

    /// <summary>The shared part, for this state alone.</summary>
    public SharedState ToChange()
    {
        if (Shared != _ownShared)
        {
            _ownShared.CopyFrom(Shared);
            Shared = _ownShared;
        }

        return _ownShared;
    }
}
