// Turns a verified function into steps, once, before it is first run. Every value gets words of its own in the frame; block
// arguments become copies on edges. What a step cannot do is decoded as "unsupported", so it only matters if it is reached.
using System;
using System.Collections.Generic;

namespace MiniJit.IR.Interpretation;

internal sealed partial class Decoder
{
    private readonly Function _function;
    private readonly DataFlowGraph _dfg;
    private readonly List<MicroOp> _code = [];
    private readonly List<Inst> _insts = [];
    private readonly List<Edge> _edges = [];
    private readonly List<Move> _moves = [];
    private readonly List<OperationData> _operations = [];
    private readonly List<AccessData> _accesses = [];
    private readonly List<CallData> _calls = [];
    private readonly List<int[]> _lists = [];
    private readonly List<string> _messages = [];
    private readonly int[] _slots;                             // first word of each value, -1 before it has any
    private readonly int[] _blockStarts, _blockFuel;
    private readonly long[] _stackOffsets, _dynamicOffsets;
    private int[] _pendingReads;                               // scratch of MakeEdge: how often a word is still to be read
    private long _stackBytes;
    private int _words, _scratchWords;
    private Inst _inst;

    private Decoder(Function function)
    {
        _function = function;
        _dfg = function.Dfg;
        _slots = new int[_dfg.ValueCount];
        Array.Fill(_slots, -1);
        _blockStarts = new int[_dfg.BlockCount];
        _blockFuel = new int[_dfg.BlockCount];
        _stackOffsets = new long[function.StackSlots.Length];
        _dynamicOffsets = new long[function.DynamicStackSlots.Length];
        PlaceStackSlots();
        PlaceValues();
        _pendingReads = new int[_words];
    }

    /// <summary>Decodes a function that the verifier accepts.</summary>
    public static DecodedFunction Decode(Function function) => new Decoder(function).Run();

    private DecodedFunction Run()
    {
        Layout layout = _function.Layout;
        for (Block block = layout.EntryBlock; !block.IsNone; block = layout.Next(block))
        {
            _blockStarts[block.Index] = _code.Count;
            for (_inst = layout.FirstInst(block); !_inst.IsNone; _inst = layout.Next(_inst))
            {
                DecodeInst();
            }
        }

        Edge[] edges = [.. _edges];
        for (int i = 0; i < edges.Length; i++)
        {
            int block = edges[i].Target;
            edges[i] = edges[i] with { Target = _blockStarts[block], Fuel = _blockFuel[block] };
        }

        Move[] moves = [.. _moves];
        for (int i = 0; i < moves.Length; i++)
        {
            moves[i] = PlaceScratch(moves[i]);
        }

        if (layout.EntryBlock.IsNone)
        {
            EmitUnsupported($"{_function.Name} has no body");
        }

        return new DecodedFunction
        {
            Function = _function,
            Code = [.. _code],
            Insts = [.. _insts],
            Edges = edges,
            Moves = moves,
            Operations = [.. _operations],
            Accesses = [.. _accesses],
            Calls = [.. _calls],
            Targets = new CallTarget[_calls.Count],
            WordLists = [.. _lists],
            Messages = [.. _messages],
            FrameWords = _words + _scratchWords,
            ParamWords = WordsOf(_function.Signature.Params),
            ReturnWords = WordsOf(_function.Signature.Returns),
            StackBytes = _stackBytes,
            EntryFuel = layout.EntryBlock.IsNone ? 0 : _blockFuel[layout.EntryBlock.Index],
            VMContext = FindVMContext(),
        };
    }

    // ---- where things live

    private void PlaceStackSlots()
    {
        const int MinAlignment = 8;
        for (int i = 0; i < _stackOffsets.Length; i++)
        {
            StackSlotData slot = _function.StackSlots[i];
            long alignment = Math.Min(Math.Max(MinAlignment, 1L << slot.AlignShift), InterpreterMemory.FrameAlignment);
            _stackOffsets[i] = (_stackBytes + alignment - 1) & -alignment;
            _stackBytes = _stackOffsets[i] + slot.Size;
        }

        for (int i = 0; i < _dynamicOffsets.Length; i++)
        {
            DynamicType type = _function.DynamicStackSlots[i];
            _dynamicOffsets[i] = (_stackBytes + InterpreterMemory.FrameAlignment - 1) & -InterpreterMemory.FrameAlignment;
            _stackBytes = _dynamicOffsets[i] + (type.IsNone ? 0 : _function.DynamicTypes[type.Index].Base.Bytes);
        }
    }

    // Parameters of the entry block first; then everything in layout order, so that the results of one instruction are neighbours.
    private void PlaceValues()
    {
        Layout layout = _function.Layout;
        for (Block block = layout.EntryBlock; !block.IsNone; block = layout.Next(block))
        {
            PlaceAll(_dfg.Params(block));
            int count = 0;
            for (Inst inst = layout.FirstInst(block); !inst.IsNone; inst = layout.Next(inst))
            {
                PlaceAll(_dfg.Results(inst));
                count++;
            }

            _blockFuel[block.Index] = count;
        }
    }

    private void PlaceAll(ReadOnlySpan<Value> values)
    {
        foreach (Value value in values)
        {
            _slots[value.Index] = Allocate(TypeOf(value));
        }
    }

    private int Allocate(IrType type)
    {
        int start = _words;
        _words += Semantics.WordsOf(type);
        return start;
    }

    private int FindVMContext()
    {
        int words = 0;
        foreach (AbiParam param in _function.Signature.Params)
        {
            if (param.Purpose == ArgumentPurpose.VMContext)
            {
                return words;
            }

            words += Semantics.WordsOf(param.Type);
        }

        return -1;
    }

    private static int WordsOf(List<AbiParam> items)
    {
        int words = 0;
        foreach (AbiParam item in items)
        {
            words += Semantics.WordsOf(item.Type);
        }

        return words;
    }

    private IrType TypeOf(Value value) => Operation.Fixed(_dfg.TypeOf(value));

    // A value that is never defined can only be named in unreachable code; word 0 does for it there.
    private int Slot(Value value) => Math.Max(0, _slots[_dfg.Resolve(value).Index]);

    private WordRange Range(Value value) => new(Slot(value), Semantics.WordsOf(TypeOf(value)));

    // ---- steps

    private void Emit(MicroKind kind, int dst = 0, int a = 0, int b = 0, int c = 0, ulong mask = 0, int small = 0, bool narrow = false)
    {
        _code.Add(new MicroOp { Kind = kind, Dst = dst, A = a, B = b, C = c, Mask = mask, Small = (byte)small, NarrowAddress = narrow });
        _insts.Add(_inst);
    }

    private void EmitUnsupported(string message)
    {
        _messages.Add(message);
        Emit(MicroKind.Unsupported, c: _messages.Count - 1);
    }

    private void EmitConstant(int dst, ReadOnlySpan<byte> bytes, int words)
    {
        for (int i = 0; i < words; i++)
        {
            ulong word = 0;
            for (int j = Math.Min(bytes.Length, (i * 8) + 8) - 1; j >= i * 8; j--)
            {
                word = (word << 8) | bytes[j];
            }

            Emit(MicroKind.Constant, dst + i, mask: word);
        }
    }

    // The word that is zero exactly if the value is.
    private int ConditionWord(Value value)
    {
        WordRange range = Range(value);
        if (range.Count == 1)
        {
            return range.Start;
        }

        int word = Allocate(IrType.I8);
        Emit(MicroKind.AnyWord, word, range.Start, small: range.Count);
        return word;
    }

    private int MakeList(ReadOnlySpan<Value> values)
    {
        List<int> words = [];
        foreach (Value value in values)
        {
            AddWords(words, Range(value));
        }

        _lists.Add([.. words]);
        return _lists.Count - 1;
    }

    private static void AddWords(List<int> words, WordRange range)
    {
        for (int i = 0; i < range.Count; i++)
        {
            words.Add(range.Start + i);
        }
    }

    // ---- edges

    /// <summary>Adds an edge: its number counts up by one with every call.</summary>
    /// <param name="call">The branch target.</param>
    /// <param name="returned">First word of each result of the try_call whose normal edge this is.</param>
    private int MakeEdge(BlockCall call, ReadOnlySpan<WordRange> returned = default)
    {
        Block block = _dfg.BlockOf(call);
        ReadOnlySpan<Value> parameters = _dfg.Params(block);
        ReadOnlySpan<BlockArg> args = _dfg.BlockArgs(call);
        int first = _moves.Count;
        for (int i = 0; i < args.Length && i < parameters.Length; i++)
        {
            WordRange to = Range(parameters[i]);
            int from = args[i].Kind switch
            {
                BlockArgKind.Value => Slot(args[i].Value),
                BlockArgKind.TryCallRet when args[i].Index < returned.Length => returned[args[i].Index].Start,
                _ => 0,                                            // payloads: no exception is ever thrown here
            };
            for (int word = 0; word < to.Count; word++)
            {
                if (from != to.Start)
                {
                    _moves.Add(new(to.Start + word, from + word));
                }
            }
        }

        MakeSequential(first);
        _edges.Add(new(block.Index, first, _moves.Count - first, 0));
        return _edges.Count - 1;
    }

    // The moves happen at once; done one after the other, one may overwrite what a later one reads. Then all go through scratch
    // words behind the values.
    private void MakeSequential(int first)
    {
        int count = _moves.Count - first;
        if (count < 2)
        {
            return;
        }

        bool conflict = false;
        for (int i = 0; i < count; i++)
        {
            Reads(_moves[first + i].Src)++;
        }

        for (int i = 0; i < count; i++)
        {
            Move move = _moves[first + i];
            Reads(move.Src)--;
            conflict |= Reads(move.Dst) > 0;
        }

        if (!conflict)
        {
            return;
        }

        for (int i = 0; i < count; i++)
        {
            Move move = _moves[first + i];
            _moves[first + i] = new(-1 - i, move.Src);             // scratch words get their position when all values have theirs
            _moves.Add(new(move.Dst, -1 - i));
        }

        _scratchWords = Math.Max(_scratchWords, count);
    }

    private ref int Reads(int word)
    {
        if (word >= _pendingReads.Length)
        {
            Array.Resize(ref _pendingReads, word + 64);
        }

        return ref _pendingReads[word];
    }

    private Move PlaceScratch(Move move) => new(PlaceScratch(move.Dst), PlaceScratch(move.Src));

    private int PlaceScratch(int word) => word >= 0 ? word : _words - 1 - word;
}
