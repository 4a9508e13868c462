// The reference interpreter: executes functions as decoded by Decoder. All frames lie in one array of words and one array of
// frame records, so recursion in the interpreted program costs no host stack, and a tail call reuses its frame. Execution
// always ends: fuel is charged per block, depth and memory are limited. Nothing a verified function does throws.
//
// Address space: see InterpreterMemory. NaNs: see FloatSemantics. An access that breaks the promise of `notrap` or `aligned`
// traps too, with heap_oob where the flags name no code.
using System;
using System.Collections.Generic;

namespace MiniJit.IR.Interpretation;

/// <summary>Executes functions of a set by name. Used by one thread at a time.</summary>
internal sealed partial class Interpreter
{
    /// <summary>Default of <see cref="Fuel"/>.</summary>
    public const long DefaultFuel = 1_000_000_000;

    /// <summary>Default of <see cref="MaxDepth"/>.</summary>
    public const int DefaultMaxDepth = 1_000_000;

    private const int MaxFrameWords = 1 << 26;                     // of all frames together: 512 MB

    private readonly List<Function> _functions = [];
    private readonly List<DecodedFunction?> _decoded = [];
    private readonly Dictionary<ExternalName, int> _byName = [];
    private readonly Dictionary<ExternalName, ulong> _data = [];
    private readonly InterpreterMemory _memory = new();
    private ulong[] _words = new ulong[1024];
    private ulong[] _staging = new ulong[16];                      // arguments of a tail call while its frame is replaced
    private FrameRecord[] _frames = new FrameRecord[64];
    private int _depth;
    private int _frameMemory;                                      // where the innermost frame's slots begin
    private ulong _pinned;

    /// <summary>Instructions that a call may execute, charged by whole blocks.</summary>
    public long Fuel { get; set; } = DefaultFuel;

    /// <summary>Number of nested calls that traps with <c>stk_ovf</c>.</summary>
    public int MaxDepth { get; set; } = DefaultMaxDepth;

    /// <summary>What a caller waits with.</summary>
    private readonly record struct FrameRecord(DecodedFunction Function, int Pc, int Base, int Dst, int StackTop, int FrameMemory);

    /// <summary>Adds a function that the verifier accepts and that does not change any more; a later one of the same name replaces it.</summary>
    public void Add(Function function)
    {
        _byName[function.Name] = _functions.Count;
        _functions.Add(function);
        _decoded.Add(null);
    }

    /// <summary>
    /// Defines a data object for <c>symbol</c> global values. The interpreted functions read and write the array itself.
    /// </summary>
    public void DefineData(ExternalName name, byte[] bytes)
    {
        _data[name] = _memory.AddData(bytes);
    }

    /// <summary>Whether a function of this name was added.</summary>
    public bool Contains(ExternalName name) => _byName.ContainsKey(name);

    /// <summary>Calls a function with a fresh stack.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="args">Values of the types of its parameters.</param>
    public InterpreterResult Invoke(ExternalName name, ReadOnlySpan<DataValue> args)
    {
        if (!_byName.TryGetValue(name, out int index))
        {
            return InterpreterResult.Unsupported($"no function {name}");
        }

        Function function = _functions[index];
        if (CheckBorder(function, args) is { } complaint)
        {
            return InterpreterResult.Unsupported(complaint, function);
        }

        _memory.PopTo(0);
        _depth = 0;
        _pinned = 0;
        DecodedFunction decoded = Decoded(index);
        if (!EnsureWords(Math.Max(decoded.FrameWords, decoded.ReturnWords)) || !_memory.TryPush(decoded.StackBytes, out _frameMemory))
        {
            return InterpreterResult.Trapped(TrapCode.StackOverflow, function, default);
        }

        int word = 0;
        foreach (DataValue arg in args)
        {
            _words[word] = arg.LowBits;
            if (arg.Type.Bits > 64)
            {
                _words[word + 1] = arg.HighBits;
            }

            word += Semantics.WordsOf(arg.Type);
        }

        return Run(decoded);
    }

    private DecodedFunction Decoded(int index) => _decoded[index] ??= Decoder.Decode(_functions[index]);

    // Values that cross the border fit DataValue.
    private static string? CheckBorder(Function function, ReadOnlySpan<DataValue> args)
    {
        List<AbiParam> parameters = function.Signature.Params;
        if (parameters.Count != args.Length)
        {
            return $"{function.Name} takes {parameters.Count} arguments, not {args.Length}";
        }

        for (int i = 0; i < args.Length; i++)
        {
            if (parameters[i].Type != args[i].Type)
            {
                return $"argument {i} of {function.Name} is of type {parameters[i].Type}, not {args[i].Type}";
            }
        }

        foreach (AbiParam result in function.Signature.Returns)
        {
            if (!DataValue.CanHold(result.Type))
            {
                return $"a result of type {result.Type} cannot be handed out";
            }
        }

        return null;
    }

    private static InterpreterResult Results(DecodedFunction function, ReadOnlySpan<ulong> words)
    {
        List<AbiParam> returns = function.Function.Signature.Returns;
        DataValue[] values = new DataValue[returns.Count];
        int word = 0;
        for (int i = 0; i < values.Length; i++)
        {
            IrType type = returns[i].Type;
            values[i] = new(type, new UInt128(type.Bits > 64 ? words[word + 1] : 0, words[word]));
            word += Semantics.WordsOf(type);
        }

        return InterpreterResult.Returned(values);
    }

    private bool EnsureWords(long count)
    {
        if (count > _words.Length)
        {
            if (count > MaxFrameWords)
            {
                return false;
            }

            Array.Resize(ref _words, (int)Math.Min(MaxFrameWords, Math.Max(count, _words.Length * 2L)));
        }

        return true;
    }
}
