// qemu, the judge that none of us wrote. All functions of a file, trampolines for their signatures and a driver become one static executable; the
// first call that is asked for makes all of them, in one process. A process that dies takes only the call that it was making with it: the next
// process goes on behind that.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Runtime.InteropServices;
using MiniJit.Codegen;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.IR.Interpretation;
using MiniJit.Runtime.Exceptions;
using MiniJit.Runtime.Invocation;
using MiniJit.Runtime.Linking;
using MiniJit.Runtime.Objects;

namespace MiniJit.Filetests.Engines;

/// <summary>Compiles for AArch64 and calls under qemu.</summary>
internal sealed class QemuEngine(CompileContext compiler, Target target) : IEngine
{
    private const int MaxDeaths = 8, SlotSize = TrampolineBuilder.SlotSize;

    /// <summary>How far below the stack an access counts as running out of it: a frame and its probes may be that large.</summary>
    private const ulong GuardReach = 2 << 20;

    private const int SignalIllegal = 4, SignalTrap = 5, SignalBus = 7, SignalFloat = 8, SignalSegmentation = 11;

    private readonly Dictionary<Signature, int> _trampolines = [];
    private readonly List<Code> _code = [];
    private readonly List<int> _offsets = [];                  // of the records in the driver's table, and their end
    private IReadOnlyList<Function> _functions = [];
    private IReadOnlyList<OwnedCommand> _commands = [];
    private Completion[]? _completions;
    private string _path = "";
    private int _next;

    /// <summary>A function in the executable.</summary>
    private sealed record Code(Function Function, TrapSite[] Traps, int Size)
    {
        public ulong Address { get; set; }
    }

    public string Load(IReadOnlyList<Function> functions, IReadOnlyList<OwnedCommand> commands)
    {
        _functions = functions;
        _commands = commands;
        ObjectModule module = new(target.Triple);
        ExceptionSupport exceptions = new();
        foreach (Function function in functions)
        {
            if (!TryCompile(function, out CompiledCode code, out string error))
            {
                return $"{function.Name}: {error}";
            }

            module.Define(function.Name, code);
            exceptions.Add(function.Name, code);
        }

        if (!exceptions.TryDefine(module, target, TryCompile, out string noThrow))
        {
            return noThrow;
        }

        foreach (OwnedCommand command in commands)
        {
            if (!TryDefineTrampoline(module, functions[command.Owner].Signature, out string problem))
            {
                return problem;
            }
        }

        return Link(module);
    }

    public Completion Invoke(int owner, string callee, ReadOnlySpan<DataValue> arguments)
    {
        _completions ??= Execute();

        // Calls are asked for in the order in which they were announced.
        for (int i = 0; i < _commands.Count; i++)
        {
            int index = (_next + i) % _commands.Count;
            if (_commands[index].Owner == owner && arguments.SequenceEqual(_commands[index].Command.Arguments))
            {
                _next = index + 1;
                return _completions[index];
            }
        }

        return Completion.Failed($"the call of {_functions[owner].Name} was not announced");
    }

    public void Dispose()
    {
        if (_path.Length != 0)
        {
            File.Delete(_path);
        }
    }

    private bool TryCompile(Function function, out CompiledCode code, out string problem)
    {
        code = compiler.Compile(function, target)!;
        problem = code is null ? NativeEngine.Describe(compiler.Diagnostics) : "";
        if (code is not null)
        {
            _code.Add(new(function, code.Traps.ToArray(), code.Bytes.Length));
        }

        return code is not null;
    }

    private bool TryDefineTrampoline(ObjectModule module, Signature signature, out string problem)
    {
        problem = "";
        if (_trampolines.ContainsKey(signature))
        {
            return true;
        }

        if (!TrampolineBuilder.CanPass(signature, out problem))
        {
            return false;
        }

        Function function = new(default);
        ExternalName name = QemuDriver.TrampolineName(_trampolines.Count);
        TrampolineBuilder.Build(function, new FunctionBuilder(function), name, signature, CallConv.SystemV);
        if (compiler.Compile(function, target) is not CompiledCode code)
        {
            problem = $"no trampoline for {signature}: {NativeEngine.Describe(compiler.Diagnostics)}";
            return false;
        }

        module.Define(name, code);
        _trampolines.Add(signature, _trampolines.Count);
        return true;
    }

    private string Link(ObjectModule module)
    {
        byte[] records = Records(out Relocation[] relocations);
        int entry = QemuDriver.Define(module, records, relocations);
        if (!StaticExecutable.TryWrite(module, entry, out byte[] program, out ulong[] sections, out IReadOnlyList<LinkError> errors))
        {
            return NativeEngine.Describe(errors);
        }

        foreach (Code code in _code)
        {
            _ = module.TryFind(code.Function.Name, out int symbol);
            code.Address = sections[(int)ObjectSection.Text] + (ulong)module.Symbols[symbol].Offset;
        }

        _path = QemuProcess.WriteProgram(program);
        return "";
    }

    private byte[] Records(out Relocation[] relocations)
    {
        relocations = new Relocation[2 * _commands.Count];
        MemoryStream table = new();
        for (int i = 0; i < _commands.Count; i++)
        {
            Function function = _functions[_commands[i].Owner];
            Signature signature = function.Signature;
            DataValue[] arguments = _commands[i].Command.Arguments;
            byte[] record = new byte[QemuDriver.RecordSize + (SlotSize * Math.Max(signature.Params.Count, signature.Returns.Count))];
            BinaryPrimitives.WriteInt64LittleEndian(record.AsSpan(QemuDriver.Size), record.Length);
            for (int j = 0; j < arguments.Length; j++)
            {
                BinaryPrimitives.WriteUInt128LittleEndian(record.AsSpan(QemuDriver.RecordSize + (SlotSize * j)), arguments[j].Bits);
            }

            int offset = (int)table.Length;
            relocations[2 * i] = new(offset + QemuDriver.Trampoline, RelocationKind.Abs8, QemuDriver.TrampolineName(_trampolines[signature]), 0);
            relocations[(2 * i) + 1] = new(offset + QemuDriver.Callee, RelocationKind.Abs8, function.Name, 0);
            _offsets.Add(QemuDriver.HeaderSize + offset);
            table.Write(record);
        }

        _offsets.Add(QemuDriver.HeaderSize + (int)table.Length);
        return table.ToArray();
    }

    private Completion[] Execute()
    {
        var completions = new Completion[_commands.Count];
        int done = 0;
        for (int deaths = 0; done < completions.Length; deaths++)
        {
            if (deaths == MaxDeaths)
            {
                Array.Fill(completions, Completion.Failed("not called: qemu has ended too often before"), done, completions.Length - done);
                break;
            }

            using MemoryStream output = new();
            string end = QemuProcess.Run(_path, _offsets[done], output);
            ReadOnlySpan<byte> records = output.GetBuffer().AsSpan(0, (int)output.Length);
            while (done < completions.Length && records.Length >= _offsets[done + 1] - _offsets[done])
            {
                int size = _offsets[done + 1] - _offsets[done];
                completions[done] = Read(_functions[_commands[done].Owner].Signature, records[..size]);
                records = records[size..];
                done++;
            }

            if (done < completions.Length)
            {
                completions[done++] = Completion.Failed($"qemu {(end.Length == 0 ? "ended before the call did" : end)}");
            }
        }

        return completions;
    }

    private Completion Read(Signature signature, ReadOnlySpan<byte> record)
    {
        if (record[QemuDriver.State] == (byte)QemuCallState.Signalled)
        {
            return Describe(MemoryMarshal.Cast<byte, ulong>(record));
        }

        var results = new DataValue[signature.Returns.Count];
        for (int i = 0; i < results.Length; i++)
        {
            IrType type = signature.Returns[i].Type;
            UInt128 bits = BinaryPrimitives.ReadUInt128LittleEndian(record[(QemuDriver.RecordSize + (SlotSize * i))..]);
            results[i] = new(type, bits & (UInt128.MaxValue >> (DataValue.MaxBits - type.Bits)));
        }

        return Completion.Returned(results);
    }

    private Completion Describe(ReadOnlySpan<ulong> record)
    {
        int signal = (int)record[QemuDriver.Signal / 8];
        ulong pc = record[QemuDriver.ProgramCounter / 8], fault = record[QemuDriver.FaultAddress / 8], top = record[QemuDriver.LoopStackPointer / 8];
        Code? code = Find(pc);
        int offset = code is null ? 0 : (int)(pc - code.Address);
        string place = code is null ? "" : $" in {code.Function.Name}+0x{offset:x}";
        bool isOutOfStack = signal == SignalSegmentation && fault < top && fault >= top - QemuProcess.StackSize - GuardReach;
        TrapCode trap = isOutOfStack ? TrapCode.StackOverflow : code is null ? default : TrapAt(code, offset);
        if (!trap.IsNone)
        {
            return Completion.Trapped(trap, $"trap {trap}{place}");
        }

        string caller = code is null && Find(record[QemuDriver.LinkRegister / 8]) is { } from ? $" after a call from {from.Function.Name}" : "";
        string listing = code is null ? "" : NativeEngine.Listing(code.Function, offset, compiler, target);
        return Completion.Failed($"unexpected {SignalName(signal)}{place}{caller}, pc 0x{pc:x}, address 0x{fault:x}{listing}");
    }

    private Code? Find(ulong address)
    {
        foreach (Code code in _code)
        {
            if (address - code.Address < (ulong)code.Size)
            {
                return code;
            }
        }

        return null;
    }

    private static TrapCode TrapAt(Code code, int offset)
    {
        foreach (TrapSite site in code.Traps)
        {
            if (site.Offset == offset)
            {
                return site.Code;
            }
        }

        return default;
    }

    private static string SignalName(int signal) => signal switch
    {
        SignalIllegal => "SIGILL",
        SignalTrap => "SIGTRAP",
        SignalBus => "SIGBUS",
        SignalFloat => "SIGFPE",
        SignalSegmentation => "SIGSEGV",
        _ => $"signal {signal}",
    };
}
