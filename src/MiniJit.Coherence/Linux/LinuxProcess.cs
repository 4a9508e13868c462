// A Linux process on the machine, as far as static programs need one: loading, the initial stack, memory, standard streams, time.
// Everything is deterministic: addresses, "random" bytes and clocks follow from the program alone.
//
// System calls are in LinuxProcess.Calls.cs. What is not implemented answers ENOSYS, is remembered, and is named in reports.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Linux;

/// <summary>How a process ended.</summary>
/// <param name="ExitCode">As a shell reports it: 128 plus the signal if one ended it.</param>
/// <param name="Signal">The signal, or 0.</param>
/// <param name="Problem">Why it was ended; empty if it exited.</param>
internal readonly record struct ProcessEnd(int ExitCode, int Signal, string Problem);

internal sealed partial class LinuxProcess : IDisposable
{
    private const ulong PositionIndependentBase = 0x5555_0000_0000, StackTop = 0x7FFF_FFFF_0000, StackSize = 8 << 20, MmapTop = 0x7FF0_0000_0000;
    private const int PageSize = PhysicalMemory.PageSize;

    /// <summary>HWCAP: fp, asimd, crc32, atomics, cpuid.</summary>
    private const ulong HardwareCapabilities = 1 | (1 << 1) | (1 << 7) | (1 << 8) | (1 << 11);

    private readonly Stream _input, _output, _error;
    private readonly SortedSet<string> _missing = new(StringComparer.Ordinal);
    private readonly Core _core;
    private ulong _break, _breakStart, _mmapNext = MmapTop;
    private ProcessEnd? _end;

    /// <param name="input">What the program reads.</param>
    /// <param name="output">What it prints.</param>
    /// <param name="error">What it complains of.</param>
    /// <param name="machine">Where it runs, on the first core; a machine with coherent fetch if not given.</param>
    public LinuxProcess(Stream input, Stream output, Stream error, Arm64Machine? machine = null)
    {
        _input = input;
        _output = output;
        _error = error;
        Machine = machine ?? new();
        _core = Machine.Cores[0];
    }

    private enum Signal
    {
        Illegal = 4,
        Trap = 5,
        Abort = 6,
        Bus = 7,
        Segmentation = 11,
    }

    public Arm64Machine Machine { get; }

    /// <summary>System calls that were made and are not implemented, by name or number.</summary>
    public IReadOnlyCollection<string> MissingCalls => _missing;

    /// <summary>Loads a program and prepares its stack.</summary>
    /// <param name="file">The executable.</param>
    /// <param name="arguments">The first is the program's name.</param>
    /// <param name="problem">Why it cannot be loaded.</param>
    public bool TryLoad(byte[] file, ReadOnlySpan<string> arguments, out string problem)
    {
        if (!ElfImage.TryRead(file, PositionIndependentBase, out ElfImage? image, out problem))
        {
            return false;
        }

        foreach (ElfSegment segment in image!.Segments)
        {
            PagePermissions permissions = Permissions((int)(segment.Flags >> 2 & 1) | (int)(segment.Flags & 2) | (int)((segment.Flags & 1) << 2));
            const PagePermissions Both = PagePermissions.Write | PagePermissions.Execute;
            if ((permissions & Both) == Both)
            {
                problem = "a segment is writable and executable";
                return false;
            }

            ulong start = RoundDown(segment.Address), end = RoundUp(segment.Address + segment.MemorySize);
            if (end > StackTop || !Machine.Space.IsFree(start, end - start))
            {
                problem = "a segment lies where it cannot";
                return false;
            }

            Machine.Space.Map(start, end - start, permissions);
            WriteThroughPermissions(segment.Address, image.Bytes.AsSpan(segment.FileOffset, segment.FileSize));
            _break = Math.Max(_break, end);
        }

        _breakStart = _break;
        Machine.Space.Map(StackTop - StackSize, StackSize, PagePermissions.Read | PagePermissions.Write);
        ref CoreState state = ref _core.State;
        state.Pc = image.Entry;
        state.WriteXOrStackPointer(31, PrepareStack(image, arguments));
        return true;
    }

    /// <summary>Runs until the process ends or has executed so many instructions.</summary>
    public ProcessEnd Run(long instructions = long.MaxValue)
    {
        const long Turn = 1 << 20;
        while (_end is null)
        {
            if (_core.Retired >= instructions)
            {
                return new(124, 0, "the instruction budget is used up");
            }

            switch (_core.Run(Math.Min(Turn, instructions - _core.Retired)))
            {
                case StopReason.SupervisorCall:
                    Call();
                    break;
                case StopReason.Exception:
                    Kill(_core.Exception.Kind switch
                    {
                        CoreExceptionKind.UndefinedInstruction => Signal.Illegal,
                        CoreExceptionKind.Breakpoint => Signal.Trap,
                        CoreExceptionKind.ProgramCounterAlignment => Signal.Bus,
                        CoreExceptionKind.DataAbort when _core.Exception.Fault.Kind == MemoryFaultKind.Alignment => Signal.Bus,
                        _ => Signal.Segmentation,
                    });
                    break;
                default:
                    break;
            }
        }

        _output.Flush();
        _error.Flush();
        return _end.Value;
    }

    public void Dispose() => Machine.Dispose();

    private static ulong RoundDown(ulong value) => value & ~(ulong)(PageSize - 1);

    private static ulong RoundUp(ulong value) => RoundDown(value + PageSize - 1);

    /// <summary>PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4: the same bits.</summary>
    private static PagePermissions Permissions(int protection) => (PagePermissions)(protection & 7);

    private void Kill(Signal signal) =>
        _end = new(128 + (int)signal, (int)signal, signal == Signal.Abort ? "aborted" : _core.Exception.ToString());

    /// <summary>The loader's own stores: what a page permits counts for the program, not for the system.</summary>
    private unsafe void WriteThroughPermissions(ulong address, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            _ = Machine.Space.TryGetFrame(address, out int frame);
            int offset = (int)(address % PageSize), length = Math.Min(bytes.Length, PageSize - offset);
            bytes[..length].CopyTo(new Span<byte>(Machine.Space.Memory[frame].Bytes + offset, length));
            bytes = bytes[length..];
            address += (ulong)length;
        }
    }

    /// <summary>Strings, auxiliary vector, environment and arguments as the ABI lays them out; returns the stack pointer.</summary>
    private ulong PrepareStack(ElfImage image, ReadOnlySpan<string> arguments)
    {
        ulong top = StackTop - 64;
        ulong Push(ReadOnlySpan<byte> bytes)
        {
            top -= (ulong)bytes.Length;
            WriteThroughPermissions(top, bytes);
            return top;
        }

        Span<byte> seed = stackalloc byte[16];
        FillRandom(seed);
        ulong random = Push(seed), platform = Push("aarch64\0"u8);
        List<ulong> words = [(ulong)arguments.Length];
        foreach (string argument in arguments)
        {
            words.Add(Push(Encoding.UTF8.GetBytes(argument + "\0")));
        }

        ulong name = words.Count > 1 ? words[1] : 0;
        words.Add(0);
        words.Add(0);                                            // no environment
        ReadOnlySpan<(ulong Key, ulong Value)> auxiliary =
        [
            (3, image.HeaderAddress), (4, 56), (5, (ulong)image.HeaderCount), (6, PageSize), (7, 0), (8, 0), (9, image.Entry), (11, 1000), (12, 1000),
            (13, 1000), (14, 1000), (15, platform), (16, HardwareCapabilities), (17, 100), (23, 0), (25, random), (26, 0), (31, name), (0, 0),
        ];
        foreach ((ulong key, ulong value) in auxiliary)
        {
            words.Add(key);
            words.Add(value);
        }

        byte[] table = new byte[words.Count * 8];
        for (int i = 0; i < words.Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(table.AsSpan(i * 8), words[i]);
        }

        top = (top - (ulong)table.Length) & ~15ul;
        WriteThroughPermissions(top, table);
        return top;
    }
}
