// The SVC door: number in x8, arguments in x0–x5, result in x0.
using System;
using System.Buffers.Binary;
using System.Globalization;
using MiniJit.Coherence.Fetch;
using MiniJit.Coherence.Machine;
using MiniJit.Coherence.Memory;
using MiniJit.IR;

namespace MiniJit.Coherence.Linux;

internal sealed partial class LinuxProcess
{
    private const int ProcessId = 1000;
    private const long Epoch = 1_600_000_000;
    private const int MembarrierSyncCore = 1 << 5, MembarrierRegisterSyncCore = 1 << 6;

    private readonly SplitMix64 _random = new(0x4D69_6E69_4A69_7400);

    private void Call()
    {
        ref CoreState state = ref _core.State;
        LinuxCall call = (LinuxCall)state.General[8];
        ulong a = state.General[0], b = state.General[1], c = state.General[2], d = state.General[3];
        long result = call switch
        {
            LinuxCall.Write => Write((int)a, b, c),
            LinuxCall.Writev => Vector((int)a, b, (int)c, isWrite: true),
            LinuxCall.Read => Read((int)a, b, c),
            LinuxCall.Readv => Vector((int)a, b, (int)c, isWrite: false),
            LinuxCall.Exit or LinuxCall.ExitGroup => Exit((int)a),
            LinuxCall.Tgkill => Signalled((int)c),
            LinuxCall.Tkill or LinuxCall.Kill => Signalled((int)b),
            LinuxCall.Brk => Break(a),
            LinuxCall.Mmap => MapMemory(a, b, (int)c, (int)d),
            LinuxCall.Munmap => UnmapMemory(a, b),
            LinuxCall.Mprotect => Protect(a, b, (int)c),
            LinuxCall.Madvise or LinuxCall.SetRobustList or LinuxCall.RtSigprocmask or LinuxCall.RtSigaction or LinuxCall.Sigaltstack
                or LinuxCall.SchedYield or LinuxCall.Prctl => 0,
            LinuxCall.Fstat => Stat((int)a, b),
            LinuxCall.Newfstatat => c != 0 && (int)a <= 2 && (int)a >= 0 ? Stat((int)a, c) : LinuxError.NoEntry,
            LinuxCall.Ioctl => LinuxError.NotTerminal,
            LinuxCall.Fcntl => a <= 2 ? 0 : LinuxError.BadFile,
            LinuxCall.Lseek => a <= 2 ? LinuxError.IllegalSeek : LinuxError.BadFile,
            LinuxCall.Close => a <= 2 ? 0 : LinuxError.BadFile,
            LinuxCall.Openat or LinuxCall.Faccessat or LinuxCall.Readlinkat => LinuxError.NoEntry,
            LinuxCall.SetTidAddress or LinuxCall.Getpid or LinuxCall.Gettid => ProcessId,
            LinuxCall.Getppid => 1,
            LinuxCall.Getuid or LinuxCall.Geteuid or LinuxCall.Getgid or LinuxCall.Getegid => 1000,
            LinuxCall.Rseq => LinuxError.NotImplemented,
            LinuxCall.Futex => Futex((int)b & 127, a, (uint)c),
            LinuxCall.Prlimit64 => Limit(d),
            LinuxCall.Getrandom => Random(a, b),
            LinuxCall.Uname => Uname(a),
            LinuxCall.Sysinfo => Information(a),
            LinuxCall.ClockGettime => Clock(b, (int)a == 0, isMicroseconds: false),
            LinuxCall.ClockGetres => Put(b, 0, 1),
            LinuxCall.Gettimeofday => Clock(a, isRealTime: true, isMicroseconds: true),
            LinuxCall.Membarrier => Membarrier((int)a),
            _ => Missing(call),
        };
        state.General[0] = (ulong)result;
        Machine.Model.Synchronize(_core, ContextEvent.ExceptionReturn);
    }

    private long Missing(LinuxCall call)
    {
        _missing.Add(Enum.IsDefined(call) ? call.ToString() : ((int)call).ToString(CultureInfo.InvariantCulture));
        return LinuxError.NotImplemented;
    }

    private long Exit(int code)
    {
        _end = new(code & 0xFF, 0, "");
        return 0;
    }

    private long Signalled(int signal)
    {
        if (signal != 0)
        {
            _end = new(128 + signal, signal, string.Create(CultureInfo.InvariantCulture, $"it sent itself signal {signal}"));
        }

        return 0;
    }

    private long Write(int file, ulong address, ulong length)
    {
        if (file is not (1 or 2))
        {
            return LinuxError.BadFile;
        }

        byte[] bytes = new byte[(int)Math.Min(length, 1 << 24)];
        if (bytes.Length > 0 && !_core.TryLoad(address, bytes))
        {
            return LinuxError.BadAddress;
        }

        (file == 1 ? _output : _error).Write(bytes);
        return bytes.Length;
    }

    private long Read(int file, ulong address, ulong length)
    {
        if (file != 0)
        {
            return LinuxError.BadFile;
        }

        byte[] bytes = new byte[(int)Math.Min(length, 1 << 20)];
        int read = _input.Read(bytes);
        return read == 0 || _core.TryStore(address, bytes.AsSpan(0, read)) ? read : LinuxError.BadAddress;
    }

    private long Vector(int file, ulong vector, int count, bool isWrite)
    {
        long total = 0;
        Span<byte> entry = stackalloc byte[16];
        for (int i = 0; i < count; i++)
        {
            if (!_core.TryLoad(vector + (ulong)(i * 16), entry))
            {
                return LinuxError.BadAddress;
            }

            ulong address = BinaryPrimitives.ReadUInt64LittleEndian(entry), length = BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
            long done = isWrite ? Write(file, address, length) : Read(file, address, length);
            if (done < 0)
            {
                return total == 0 ? done : total;
            }

            total += done;
            if ((ulong)done < length)
            {
                break;
            }
        }

        return total;
    }

    private long Break(ulong address)
    {
        if (address >= _breakStart && address < _breakStart + (1ul << 40))
        {
            ulong old = RoundUp(_break), wanted = RoundUp(address);
            if (wanted > old && Machine.Space.IsFree(old, wanted - old))
            {
                Machine.Space.Map(old, wanted - old, PagePermissions.Read | PagePermissions.Write);
                _break = address;
            }
            else if (wanted <= old)
            {
                Machine.Space.Unmap(wanted, old - wanted);
                _break = address;
            }
        }

        return (long)_break;
    }

    private long MapMemory(ulong address, ulong length, int protection, int flags)
    {
        const int Fixed = 0x10, Anonymous = 0x20, FixedNoReplace = 0x100000;
        ulong size = RoundUp(length);
        if (length == 0 || address % PageSize != 0 || size > 1ul << 40)
        {
            return length == 0 || address % PageSize != 0 ? LinuxError.Invalid : LinuxError.NoMemory;
        }

        if ((flags & Anonymous) == 0)
        {
            return LinuxError.NoDevice;
        }

        if ((protection & 6) == 6)
        {
            return LinuxError.PermissionDenied;
        }

        if ((flags & (Fixed | FixedNoReplace)) == 0)
        {
            if (address == 0 || !Machine.Space.IsFree(address, size))
            {
                _mmapNext -= size;
                address = _mmapNext;
            }
        }
        else if (address + size > StackTop)
        {
            return LinuxError.NoMemory;
        }

        Machine.Space.Map(address, size, Permissions(protection));
        return (long)address;
    }

    private long UnmapMemory(ulong address, ulong length)
    {
        if (address % PageSize != 0 || length == 0)
        {
            return LinuxError.Invalid;
        }

        Machine.Space.Unmap(address, RoundUp(length));
        if (address == _mmapNext)
        {
            _mmapNext += RoundUp(length);
        }

        return 0;
    }

    private long Protect(ulong address, ulong length, int protection)
    {
        if (address % PageSize != 0)
        {
            return LinuxError.Invalid;
        }

        return (protection & 6) == 6 ? LinuxError.PermissionDenied
            : Machine.Space.TryProtect(address, RoundUp(length), Permissions(protection)) ? 0
            : LinuxError.NoMemory;
    }

    private long Stat(int file, ulong address)
    {
        if (file is < 0 or > 2)
        {
            return LinuxError.BadFile;
        }

        Span<byte> stat = stackalloc byte[128];
        stat.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(stat[16..], 0x1180);           // st_mode: a pipe, rw-------
        BinaryPrimitives.WriteUInt32LittleEndian(stat[20..], 1);                // st_nlink
        BinaryPrimitives.WriteUInt32LittleEndian(stat[56..], PageSize);         // st_blksize
        return _core.TryStore(address, stat) ? 0 : LinuxError.BadAddress;
    }

    /// <summary>There is one thread: a wait that would block is answered as if it had been woken for no reason.</summary>
    private long Futex(int operation, ulong address, uint expected)
    {
        const int Wait = 0, WaitBitset = 9;
        Span<byte> word = stackalloc byte[4];
        if (operation is Wait or WaitBitset)
        {
            return !_core.TryLoad(address, word) ? LinuxError.BadAddress
                : BinaryPrimitives.ReadUInt32LittleEndian(word) != expected ? LinuxError.Again
                : 0;
        }

        return 0;
    }

    private long Limit(ulong old) => old == 0 ? 0 : Put(old, (long)StackSize, (long)StackSize);

    private long Random(ulong address, ulong length)
    {
        byte[] bytes = new byte[(int)Math.Min(length, 1 << 20)];
        FillRandom(bytes);
        return bytes.Length == 0 || _core.TryStore(address, bytes) ? bytes.Length : LinuxError.BadAddress;
    }

    private void FillRandom(Span<byte> bytes)
    {
        foreach (ref byte value in bytes)
        {
            value = (byte)_random.Next();
        }
    }

    private long Uname(ulong address)
    {
        const int Field = 65;
        Span<byte> names = stackalloc byte[6 * Field];
        names.Clear();
        "Linux"u8.CopyTo(names);
        "minijit"u8.CopyTo(names[Field..]);
        "6.1.0"u8.CopyTo(names[(2 * Field)..]);
        "#1"u8.CopyTo(names[(3 * Field)..]);
        "aarch64"u8.CopyTo(names[(4 * Field)..]);
        return _core.TryStore(address, names) ? 0 : LinuxError.BadAddress;
    }

    /// <summary>sysinfo(2): a gigabyte of memory, half of it free.</summary>
    private long Information(ulong address)
    {
        Span<byte> information = stackalloc byte[112];
        information.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(information, 1);                // uptime
        BinaryPrimitives.WriteInt64LittleEndian(information[32..], 1 << 30);    // totalram
        BinaryPrimitives.WriteInt64LittleEndian(information[40..], 1 << 29);    // freeram
        BinaryPrimitives.WriteUInt16LittleEndian(information[80..], 1);         // procs
        BinaryPrimitives.WriteUInt32LittleEndian(information[104..], 1);        // mem_unit
        return _core.TryStore(address, information) ? 0 : LinuxError.BadAddress;
    }

    private long Clock(ulong address, bool isRealTime, bool isMicroseconds)
    {
        long time = Machine.Time(_core.Retired), seconds = time / Arm64Machine.InstructionsPerSecond, rest = time % Arm64Machine.InstructionsPerSecond;
        return Put(address, seconds + (isRealTime ? Epoch : 0), isMicroseconds ? rest / 1000 : rest);
    }

    private long Put(ulong address, long first, long second)
    {
        Span<byte> pair = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(pair, first);
        BinaryPrimitives.WriteInt64LittleEndian(pair[8..], second);
        return address == 0 || _core.TryStore(address, pair) ? 0 : LinuxError.BadAddress;
    }

    private long Membarrier(int command)
    {
        switch (command)
        {
            case 0:
                return MembarrierSyncCore | MembarrierRegisterSyncCore;
            case MembarrierRegisterSyncCore:
                return 0;
            case MembarrierSyncCore:
                foreach (Core core in Machine.Cores)
                {
                    Machine.Model.Synchronize(core, ContextEvent.Interrupt);
                }

                return 0;
            default:
                return LinuxError.Invalid;
        }
    }
}
