// The part that computes: operations, memory, operands.
using System;
using MiniJit.IR;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Fuzzing;

internal sealed partial class RandomPrograms
{
    // ---- operations

    private void Compute() => Emit(AnyOperation());

    private ScalarOperation AnyOperation()
    {
        ScalarOperation[] group = operations[_random.Below(operations.Length)];
        return group[_random.Below(group.Length)];
    }

    // Each operation takes the result of the one before: what folds into one machine instruction.
    private void Chain()
    {
        for (int i = 1 + _random.Below(4); i >= 0; i--)
        {
            IrType wanted = TypeOf(_scope.Count == 0 ? Pick(IrType.I64) : _scope[^1]);
            ScalarOperation operation = AnyOperation();
            for (int tries = 0; tries < 20 && Array.IndexOf(operation.Operands, wanted) < 0; tries++)
            {
                operation = AnyOperation();
            }

            Emit(operation, _scope.Count == 0 ? default : _scope[^1]);
        }
    }

    private void Emit(ScalarOperation operation, Value preferred = default)
    {
        Value[] args = new Value[operation.Operands.Length];
        for (int i = 0; i < args.Length; i++)
        {
            IrType type = operation.Operands[i];
            int raw = type == IrType.F64 ? 1 : 0;
            args[i] = !preferred.IsNone && TypeOf(preferred) == type && _random.OneIn(2) ? preferred
                : operation.TakesAnyNaN && type.IsFloat && !_raw[raw].IsNone && _random.OneIn(3) ? _raw[raw]
                : _random.OneIn(4) ? Constant(type)
                : Pick(type);
        }

        if (operation.CanTrap && !_random.OneIn(30))
        {
            AvoidTrap(operation, args);
        }

        Inst inst = _builder.Emit(operation.Make(_function.Dfg, args, _random));
        if (operation.MakesNaN)
        {
            Value result = _function.Dfg.FirstResult(inst);
            _raw[TypeOf(result) == IrType.F64 ? 1 : 0] = result;
            _scope.Add(WithCanonicalNaN(result));
            return;
        }

        foreach (Value result in _function.Dfg.Results(inst))
        {
            _scope.Add(result);
        }
    }

    private void AvoidTrap(ScalarOperation operation, Value[] args)
    {
        IrType type = operation.Operands[0];
        if (type.IsFloat)
        {
            args[0] = operation.Opcode == Opcode.FcvtToUint ? _builder.FcvtFromUint(type, Pick(IrType.I8)) : _builder.FcvtFromSint(type, Pick(IrType.I8));
        }
        else if (operation.Opcode == Opcode.UaddOverflowTrap)
        {
            args[0] = _builder.Ushr(args[0], _builder.Iconst(IrType.I8, 1));
            args[1] = _builder.Ushr(args[1], _builder.Iconst(IrType.I8, 1));
        }
        else
        {
            args[1] = _random.OneIn(2) ? _builder.Iconst(type, 1 + _random.Below(100)) : _builder.Bor(args[1], _builder.Iconst(type, 1));
        }
    }

    private Value WithCanonicalNaN(Value value)
    {
        Value canonical = TypeOf(value) == IrType.F64 ? _builder.F64const(double.NaN) : _builder.F32const(float.NaN);
        return _random.OneIn(2)
            ? _builder.Select(_builder.Fcmp(FloatCC.Unordered, value, value), canonical, value)
            : _builder.Select(_builder.Fcmp(FloatCC.Ordered, value, value), value, canonical);
    }

    // ---- memory

    // An address in the slot, so far from its end that 16 bytes and any offset fit.
    private Value Address(out int offset)
    {
        offset = _random.Below(5);
        Value start = _builder.StackAddr(IrType.I64, _slot, _random.Below(17));
        switch (_random.Below(4))
        {
            case 0:
                return _builder.Iadd(start, _builder.Iconst(IrType.I64, _random.Below(28)));
            case 1:
                Value index = _builder.Band(Pick(IrType.I64), _builder.Iconst(IrType.I64, 7));
                return _builder.Iadd(start, _builder.Ishl(index, _builder.Iconst(IrType.I8, _random.Below(3))));
            case 2:
                Value narrow = _builder.Band(Pick(IrType.I32), _builder.Iconst(IrType.I32, 7));
                return _builder.Iadd(_builder.Uextend(IrType.I64, narrow), start);
            default:
                return start;
        }
    }

    private MemFlags Flags() => _random.Below(8) switch
    {
        0 or 1 => MemFlags.Default,
        2 => MemFlags.Default.WithTrap(TrapCode.User(3)),
        3 => MemFlags.Default.WithLittle(),
        _ => MemFlags.Default.WithNotrap(),
    };

    private void Store()
    {
        Value address = Address(out int offset);
        IrType type = AnyType();
        Value value = _random.OneIn(4) ? Constant(type) : Pick(type);
        MemFlags flags = Flags();
        switch (_random.Below(6))
        {
            case 0 when type.IsInt && type.Bits is > 8 and <= 64:
                _builder.Istore8(flags, value, address, offset);
                break;
            case 1 when type.IsInt && type.Bits is > 16 and <= 64:
                _builder.Istore16(flags, value, address, offset);
                break;
            case 2 when type == IrType.I64:
                _builder.Istore32(flags, value, address, offset);
                break;
            default:
                _builder.Store(flags, value, address, offset);
                break;
        }

        if (_random.OneIn(3))
        {
            IrType other = AnyType();
            _scope.Add(_builder.Load(other, Flags(), address, offset));
        }
    }

    private void Load()
    {
        Value address = Address(out int offset);
        MemFlags flags = Flags();
        switch (_random.Below(10))
        {
            case 0: _scope.Add(_builder.Uload8(_types[1 + _random.Below(3)], flags, address, offset)); break;
            case 1: _scope.Add(_builder.Sload8(_types[1 + _random.Below(3)], flags, address, offset)); break;
            case 2: _scope.Add(_builder.Uload16(_types[2 + _random.Below(2)], flags, address, offset)); break;
            case 3: _scope.Add(_builder.Sload16(_types[2 + _random.Below(2)], flags, address, offset)); break;
            case 4: _scope.Add(_builder.Uload32(flags, address, offset)); break;
            case 5: _scope.Add(_builder.Sload32(flags, address, offset)); break;
            default:
                IrType type = AnyType();
                _scope.Add(_builder.Load(type, Flags(), address, offset));
                if (_random.OneIn(2))
                {
                    Chain();                                   // a load that may fold into its user
                }

                break;
        }
    }

    // Load, change, store: one machine instruction if nothing else looks at it.
    private void Modify()
    {
        Value address = Address(out int offset);
        IrType type = NarrowInt();
        MemFlags flags = _random.OneIn(6) ? Flags() : MemFlags.Default;
        Value old = _builder.Load(type, flags, address, offset), operand = _random.OneIn(2) ? Constant(type) : Pick(type);
        if (_random.OneIn(8))
        {
            Compute();
        }

        Value changed = _random.Below(8) switch
        {
            0 => _builder.Iadd(old, operand),
            1 => _builder.Isub(old, operand),
            2 => _builder.Band(operand, old),
            3 => _builder.Bor(old, operand),
            4 => _builder.Bxor(operand, old),
            5 => _builder.Ishl(old, operand),
            6 => _builder.Ineg(old),
            _ => _builder.Isub(operand, old),
        };
        _builder.Store(flags, changed, address, _random.OneIn(10) ? 0 : offset);
        if (_random.OneIn(4))
        {
            _scope.Add(_random.OneIn(2) ? changed : old);
        }

        if (_random.OneIn(6))
        {
            _scope.Add(_builder.Icmp(IntCC.SignedLessThan, changed, Constant(type)));
        }
    }

    private void Atomic()
    {
        IrType type = NarrowInt();
        Value address = _builder.StackAddr(IrType.I64, _slot, 8 * _random.Below(SlotBytes / 8));
        Value value = _random.OneIn(3) ? Constant(type) : Pick(type);
        switch (_random.Below(6))
        {
            case 0:
                _builder.AtomicStore(MemFlags.Default, value, address);
                break;
            case 1:
                _scope.Add(_builder.AtomicLoad(type, MemFlags.Default, address));
                break;
            case 2:
                Value expected = _random.OneIn(2) ? _builder.Load(type, MemFlags.Default, address) : Pick(type);
                _scope.Add(_builder.AtomicCas(MemFlags.Default, address, expected, value));
                break;
            case 3 when _random.OneIn(4):
                _builder.Fence();
                break;
            default:
                Value old = _builder.AtomicRmw(type, MemFlags.Default, (AtomicRmwOp)_random.Below(11), address, value);
                if (!_random.OneIn(3))
                {
                    _scope.Add(old);
                }

                break;
        }
    }

    // ---- operands

    private IrType TypeOf(Value value) => _function.Dfg.TypeOf(value);

    private IrType AnyType() => _types[_random.Below(_types.Length)];

    private IrType AnyInt() => _types[_random.Below(wide ? 5 : 4)];

    private IrType NarrowInt() => _types[_random.Below(4)];

    private Value Condition()
    {
        IrType type = AnyInt();
        return _random.Below(8) switch
        {
            0 => Pick(type),
            1 => _builder.Fcmp((FloatCC)(1 + _random.Below(14)), Pick(IrType.F64), Pick(IrType.F64)),
            2 => _builder.Fcmp((FloatCC)(1 + _random.Below(14)), Pick(IrType.F32), Pick(IrType.F32)),
            3 => _builder.Icmp(_random.OneIn(2) ? IntCC.Equal : IntCC.NotEqual, _builder.Band(Pick(type), Constant(type)), Zero(type)),
            _ => _builder.Icmp((IntCC)_random.Below(10), Pick(type), _random.OneIn(2) ? Constant(type) : Pick(type)),
        };
    }

    private Value Zero(IrType type) => type == IrType.I128 ? _builder.Uextend(type, _builder.Iconst(IrType.I64, 0)) : _builder.Iconst(type, 0);

    private Value Constant(IrType type)
    {
        DataValue value = RandomFunctions.Argument(_random, type);
        return type == IrType.F32 ? _builder.F32const(value.AsF32)
            : type == IrType.F64 ? _builder.F64const(value.AsF64)
            : type != IrType.I128 ? _builder.Iconst(type, value.AsInt64)
            : _random.OneIn(2) ? _builder.Sextend(type, _builder.Iconst(IrType.I64, (long)value.LowBits))
            : _builder.Iconcat(_builder.Iconst(IrType.I64, (long)value.LowBits), _builder.Iconst(IrType.I64, (long)value.HighBits));
    }

    // What is in scope, mostly what is recent; a constant if there is none.
    private Value Pick(IrType type)
    {
        int count = _scope.Count;
        int start = count == 0 ? -1 : _random.OneIn(2) ? _random.Below(count) : count - 1 - _random.Below(Math.Min(count, 8));
        for (int i = start; i >= 0; i--)
        {
            if (TypeOf(_scope[i]) == type)
            {
                return _scope[i];
            }
        }

        for (int i = start + 1; i < count; i++)
        {
            if (TypeOf(_scope[i]) == type)
            {
                return _scope[i];
            }
        }

        return Constant(type);
    }
}
