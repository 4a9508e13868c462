// Random programs of one to three functions over all scalar operations that a target compiles. A function calls only later ones and
// its loops count down, so every program ends. Addresses never become values, and results of float arithmetic are
// canonicalized if they are NaNs before anything that looks at their bits gets them: whatever a program computes is determined.
using System;
using System.Collections.Generic;
using MiniJit.IR;
using MiniJit.IR.Building;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Fuzzing;

/// <summary>Makes them. The same seed gives the same program, given the same operations.</summary>
/// <param name="operations">The operations, grouped by opcode.</param>
/// <param name="wide">Whether 128-bit integers take part.</param>
internal sealed partial class RandomPrograms(ScalarOperation[][] operations, bool wide = true)
{
    private const int SlotBytes = 64, MaxDepth = 3, EntrySignatures = 64;

    private static readonly CallConv[] s_conventions = [CallConv.SystemV, CallConv.Fast, CallConv.Tail, CallConv.WindowsFastcall];

    private readonly IrType[] _types = ScalarOperation.Types(wide);    // integers first
    private readonly List<Value> _scope = [];
    private readonly List<Function> _functions = [];
    private readonly Value[] _raw = new Value[2];                  // f32 and f64 of the current block whose NaNs may have any bits
    private readonly List<FuncRef> _callees = [];
    private SplitMix64 _random = new(0);
    private FunctionBuilder _builder = null!;
    private Function _function = null!;
    private StackSlot _slot;
    private int _budget;

    /// <summary>The program of a seed.</summary>
    /// <param name="seed">Decides everything.</param>
    /// <param name="suffix">Ends the names of its functions, for programs that will be in one module.</param>
    public FuzzProgram Make(ulong seed, string suffix = "")
    {
        _random = new SplitMix64(seed);
        _functions.Clear();
        int count = 1 + _random.Below(3);
        for (int i = 0; i < count; i++)
        {
            // Trampolines are made per signature and kept, so there are not too many of those that are called from outside.
            SplitMix64 signature = i == 0 ? new((ulong)_random.Below(EntrySignatures)) : new(_random.Next());
            Function function = new(ExternalName.Symbol((i == 0 ? "f" : i == 1 ? "g" : "h") + suffix), CallConv.Fast);
            Randomize(function.Signature, signature, outermost: i == 0);
            _functions.Add(function);
        }

        for (int i = count - 1; i >= 0; i--)
        {
            Fill(i);
        }

        return FuzzProgram.Create(~seed, [.. _functions]);
    }

    private void Randomize(Signature signature, SplitMix64 random, bool outermost)
    {
        signature.CallConv = s_conventions[random.Below(s_conventions.Length)];
        int parameters = random.OneIn(4) ? random.Below(20) : random.Below(8), results = random.OneIn(6) ? random.Below(10) : 1 + random.Below(3);
        for (int i = 0; i < parameters; i++)
        {
            signature.Params.Add(Param(random, outermost));
        }

        for (int i = 0; i < results; i++)
        {
            signature.Returns.Add(Param(random, outermost));
        }
    }

    private AbiParam Param(SplitMix64 random, bool outermost)
    {
        IrType type = _types[random.Below(_types.Length)];
        return new(type, outermost || !type.IsInt || type.Bits > 32 ? ArgumentExtension.None : (ArgumentExtension)random.Below(3));
    }

    private void Fill(int number)
    {
        _function = _functions[number];
        _slot = _function.AddStackSlot(new StackSlotData(SlotBytes, AlignShift: (byte)(3 + _random.Below(2))));
        _callees.Clear();
        for (int i = number + 1; i < _functions.Count; i++)
        {
            SigRef signature = _function.AddSignature(_functions[i].Signature);
            _callees.Add(_function.AddFunction(new(_functions[i].Name, signature, IsColocated: _random.OneIn(2))));
        }

        _builder = new(_function);
        _scope.Clear();
        _budget = 5 + _random.Below(_random.OneIn(4) ? 120 : 40);
        Block entry = _builder.CreateEntry();
        _raw.AsSpan().Clear();
        foreach (Value param in _function.Dfg.Params(entry))
        {
            _scope.Add(param);
        }

        bool usesMemory = !_random.OneIn(3);
        for (int offset = 0; offset < SlotBytes; offset += 8)
        {
            _builder.Store(MemFlags.Trusted, _random.OneIn(2) ? Constant(IrType.I64) : Pick(IrType.I64), _builder.StackAddr(IrType.I64, _slot), offset);
        }

        while (_budget > 0)
        {
            Statement(0);
        }

        if (usesMemory)
        {
            for (int offset = 0; offset < SlotBytes; offset += 8)
            {
                _scope.Add(_builder.Load(IrType.I64, MemFlags.Trusted, _builder.StackAddr(IrType.I64, _slot), offset));
            }
        }

        if (_random.OneIn(2))
        {
            FoldScope();
        }

        Leave();
        _builder.Finish();
    }

    // Everything lives until here.
    private void FoldScope()
    {
        Value sum = Pick(IrType.I64);
        int count = _scope.Count;
        for (int i = 0; i < count; i++)
        {
            sum = _builder.Bxor(_builder.Rotl(sum, _builder.Iconst(IrType.I8, 7)), ToWord(_scope[i]));
        }

        _scope.Add(sum);
        foreach (IrType type in (ReadOnlySpan<IrType>)[IrType.I32, IrType.I16, IrType.I8])
        {
            _scope.Add(_builder.Ireduce(type, sum));
        }

        _scope.Add(_builder.Bitcast(IrType.F32, _scope[^3]));
        _scope.Add(_builder.Bitcast(IrType.F64, sum));
        if (wide)
        {
            _scope.Add(_builder.Iconcat(sum, ToWord(Pick(IrType.I128))));
        }
    }

    private Value ToWord(Value value)
    {
        IrType type = TypeOf(value);
        if (type == IrType.I128)
        {
            (Value low, Value high) = _builder.Isplit(value);
            return _builder.Iadd(low, high);
        }

        Value bits = type.IsFloat ? _builder.Bitcast(type.AsInt(), value) : value;
        return type.Bits == 64 ? bits : _builder.Uextend(IrType.I64, bits);
    }

    private void Leave()
    {
        foreach (FuncRef callee in _callees)
        {
            Signature signature = _function.SignatureOf(callee);
            if (signature.CallConv == CallConv.Tail && _function.Signature.CallConv == CallConv.Tail && SameReturns(signature))
            {
                Value[] args = Picks(signature.Params);
                if (_random.OneIn(3))
                {
                    _builder.ReturnCallIndirect(_function.ExtFuncs[callee.Index].Signature, _builder.FuncAddr(IrType.I64, callee), args);
                }
                else
                {
                    _builder.ReturnCall(callee, args);
                }

                return;
            }
        }

        _builder.Return(Picks(_function.Signature.Returns));
    }

    private bool SameReturns(Signature signature)
    {
        List<AbiParam> own = _function.Signature.Returns, other = signature.Returns;
        bool same = own.Count == other.Count;
        for (int i = 0; same && i < own.Count; i++)
        {
            same = own[i] == other[i];
        }

        return same;
    }

    private Value[] Picks(List<AbiParam> parameters)
    {
        Value[] values = new Value[parameters.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Pick(parameters[i].Type);
        }

        return values;
    }

    // ---- statements

    private void Statement(int depth)
    {
        _budget--;
        switch (_random.Below(40))
        {
            case 0 or 1 when depth < MaxDepth: If(depth); break;
            case 2 when depth < MaxDepth: Loop(depth); break;
            case 3 when depth < MaxDepth: Table(depth); break;
            case 4 or 5 or 6: Store(); break;
            case 7 or 8 or 9: Load(); break;
            case 10 or 11: Modify(); break;
            case 12: Atomic(); break;
            case 13 or 14 when _callees.Count > 0: Call(depth); break;
            case 15 when _random.OneIn(4): Trap(); break;
            case 16: Chain(); break;
            default: Compute(); break;
        }
    }

    private void Body(int depth)
    {
        int count = 1 + _random.Below(6);
        for (int i = 0; i < count; i++)
        {
            Statement(depth + 1);
        }
    }

    private void Enter(Block block)
    {
        _builder.SwitchTo(block);
        _raw.AsSpan().Clear();
    }

    private Block NewBlock(params ReadOnlySpan<IrType> parameters)
    {
        Block block = _builder.CreateBlock(parameters);
        if (_random.OneIn(8))
        {
            _builder.SetCold(block);
        }

        return block;
    }

    private IrType[] SomeTypes()
    {
        IrType[] types = new IrType[_random.Below(_random.OneIn(4) ? 8 : 3)];
        for (int i = 0; i < types.Length; i++)
        {
            types[i] = AnyType();
        }

        return types;
    }

    private Value[] Picks(IrType[] types) => Array.ConvertAll(types, Pick);

    private void Join(Block join)
    {
        Enter(join);
        foreach (Value param in _function.Dfg.Params(join))
        {
            _scope.Add(param);
        }
    }

    private void If(int depth)
    {
        IrType[] types = SomeTypes();
        Block then = NewBlock(), otherwise = NewBlock(), join = NewBlock(types);
        Value condition = Condition();
        bool oneArmed = _random.OneIn(3);
        _builder.Brif(condition, _builder.Target(then), oneArmed ? _builder.Target(join, Picks(types)) : _builder.Target(otherwise));
        if (!oneArmed)
        {
            Arm(depth, otherwise, join, types);
        }

        Arm(depth, then, join, types);
        Join(join);
    }

    private void Arm(int depth, Block block, Block join, IrType[] types)
    {
        Enter(block);
        int mark = _scope.Count;
        Body(depth);
        switch (_random.Below(20))
        {
            case 0:
                Leave();
                break;
            case 1 when _random.OneIn(3):
                _builder.Trap(Code());
                break;
            default:
                _builder.Jump(join, Picks(types));
                break;
        }

        _scope.RemoveRange(mark, _scope.Count - mark);
    }

    private void Loop(int depth)
    {
        IrType[] types = SomeTypes();
        IrType counterType = NarrowInt();
        Block head = NewBlock([counterType, .. types]), exit = NewBlock(types);
        _builder.Jump(head, [_builder.Iconst(counterType, 1 + _random.Below(4)), .. Picks(types)]);
        Join(head);
        Value counter = _builder.Param(head, 0);
        Body(depth);
        Value next = _builder.Iadd(counter, _builder.Iconst(counterType, -1));
        Value[] back = [next, .. Picks(types)];
        if (_random.OneIn(2))
        {
            _builder.Brif(next, _builder.Target(head, back), _builder.Target(exit, Picks(types)));
        }
        else
        {
            Value done = _builder.Icmp(IntCC.SignedLessThanOrEqual, next, _builder.Iconst(counterType, 0));
            _builder.Brif(done, _builder.Target(exit, Picks(types)), _builder.Target(head, back));
        }

        Join(exit);
    }

    private void Table(int depth)
    {
        IrType[] types = SomeTypes();
        Block join = NewBlock(types);
        Block[] cases = new Block[1 + _random.Below(3)];
        for (int i = 0; i < cases.Length; i++)
        {
            cases[i] = NewBlock();
        }

        BlockCall[] entries = new BlockCall[_random.Below(7)];
        for (int i = 0; i < entries.Length; i++)
        {
            entries[i] = _random.OneIn(3) ? _builder.Target(join, Picks(types)) : _builder.Target(cases[_random.Below(cases.Length)]);
        }

        Value index = _random.OneIn(4) ? Pick(IrType.I32) : _builder.Band(Pick(IrType.I32), _builder.Iconst(IrType.I32, 7));
        _builder.BrTable(index, _builder.Target(cases[0]), entries);
        foreach (Block block in cases)
        {
            Arm(depth, block, join, types);
        }

        Join(join);
    }

    private void Call(int depth)
    {
        FuncRef callee = _callees[_random.Below(_callees.Count)];
        Signature signature = _function.SignatureOf(callee);
        if (depth < MaxDepth && signature.CallConv.SupportsExceptions() && _random.OneIn(3))
        {
            TryCall(depth, callee, signature);
            return;
        }

        Value[] args = Picks(signature.Params);
        Inst call = _random.OneIn(3)
            ? _builder.CallIndirect(_function.ExtFuncs[callee.Index].Signature, _builder.FuncAddr(IrType.I64, callee), args)
            : _builder.Call(callee, args);
        foreach (Value result in _function.Dfg.Results(call))
        {
            _scope.Add(result);
        }
    }

    // Nothing is thrown, so what handlers do is compiled and never seen; but their edges ask for places.
    private void TryCall(int depth, FuncRef callee, Signature signature)
    {
        IrType[] types = SomeTypes();
        Block join = NewBlock(types), normal = NewBlock([.. signature.Returns.ConvertAll(result => result.Type)]);
        var handlers = new Block[_random.Below(3)];
        var items = new ExceptionItem[handlers.Length];
        for (int i = 0; i < items.Length; i++)
        {
            bool takesPayload = signature.CallConv.ExceptionPayloadCount() > 0 && !_random.OneIn(3);
            handlers[i] = NewBlock(takesPayload ? [IrType.I64] : []);
            BlockCall target = takesPayload ? _builder.CallTarget(handlers[i], BlockArg.Exn(_random.Below(2))) : _builder.Target(handlers[i]);
            items[i] = new(i == 1 ? ExceptionItemKind.Default : ExceptionItemKind.Tag, (uint)_random.Below(3), target, default);
        }

        var results = new BlockArg[signature.Returns.Count];
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = BlockArg.Ret(i);
        }

        Value[] args = Picks(signature.Params);
        BlockCall back = _builder.CallTarget(normal, results);
        if (_random.OneIn(3))
        {
            _builder.TryCallIndirect(_function.ExtFuncs[callee.Index].Signature, _builder.FuncAddr(IrType.I64, callee), args, back, items);
        }
        else
        {
            _builder.TryCall(callee, args, back, items);
        }

        foreach (Block handler in handlers)
        {
            int mark = _scope.Count;
            Join(handler);
            Body(depth);
            _builder.Jump(join, Picks(types));
            _scope.RemoveRange(mark, _scope.Count - mark);
        }

        int before = _scope.Count;
        Join(normal);
        _builder.Jump(join, Picks(types));
        _scope.RemoveRange(before, _scope.Count - before);
        Join(join);
    }

    private void Trap()
    {
        IrType type = AnyInt();
        Value x = Pick(type);
        switch (_random.Below(4))
        {
            case 0:
                _builder.Trapz(Condition(), Code());
                break;
            case 1:
                _builder.Trapnz(_builder.Icmp(IntCC.Equal, x, Constant(type)), Code());
                break;
            case 2:
                _builder.Trapz(_builder.Icmp(IntCC.NotEqual, x, Constant(type)), Code());
                break;
            default:
                // An address that is nobody's, in the interpreter as on the machine.
                Block bad = NewBlock(), good = NewBlock();
                _builder.Brif(_builder.Icmp(IntCC.Equal, x, Constant(type)), bad, good);
                Enter(bad);
                MemFlags flags = MemFlags.Default.WithTrap(_random.OneIn(2) ? TrapCode.HeapOutOfBounds : Code());
                Value address = _builder.Iconst(IrType.I64, long.MinValue + (8 * _random.Below(100)));
                if (_random.OneIn(2))
                {
                    _builder.Store(flags, Pick(AnyType()), address);
                }
                else
                {
                    _builder.Return(ReturnsWith(_builder.Load(AnyType(), flags, address)));
                    Enter(good);
                    break;
                }

                Leave();
                Enter(good);
                break;
        }
    }

    // A load may be dropped if nobody uses it; here somebody does if the types allow.
    private Value[] ReturnsWith(Value value)
    {
        Value[] values = Picks(_function.Signature.Returns);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = _function.Signature.Returns[i].Type == TypeOf(value) ? value : values[i];
        }

        return values;
    }

    private TrapCode Code() => TrapCode.User(1 + _random.Below(9));
}
