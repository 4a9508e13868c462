// How every emission method ends: the operands are checked against the opcode table, the instruction gets its results, goes to
// the end of the current block and, if it is a terminator, closes the block.
using System;
using System.Runtime.InteropServices;

namespace MiniJit.IR.Building;

public sealed partial class FunctionBuilder
{
    // ---- one shape of operands each; the controlling type is given, or that of the deciding operand

    private Value NullAry(Opcode opcode, IrType type) => Result(InstructionData.NullAry(opcode, type));

    private Value Unary(Opcode opcode, Value x) => Result(InstructionData.Unary(opcode, Controlling(opcode, x), x));

    private Value Unary(Opcode opcode, IrType type, Value x) => Result(InstructionData.Unary(opcode, type, x));

    private Value Binary(Opcode opcode, Value x, Value y) => Result(InstructionData.Binary(opcode, Controlling(opcode, x), x, y));

    private Value Ternary(Opcode opcode, Value x, Value y, Value z) => Result(InstructionData.Ternary(opcode, Controlling(opcode, y), x, y, z));

    private (Value First, Value Second) UnaryPair(Opcode opcode, Value x) => Results(InstructionData.Unary(opcode, Controlling(opcode, x), x));

    private (Value First, Value Second) BinaryPair(Opcode opcode, Value x, Value y) => Results(InstructionData.Binary(opcode, Controlling(opcode, x), x, y));

    private (Value First, Value Second) TernaryPair(Opcode opcode, Value x, Value y, Value z) =>
        Results(InstructionData.Ternary(opcode, Controlling(opcode, y), x, y, z));

    private Value LoadAs(Opcode opcode, IrType type, MemFlags flags, Value p, int offset) =>
        Result(InstructionData.Load(opcode, type, _dfg.InternMemFlags(flags), p, offset));

    private void StoreAs(Opcode opcode, MemFlags flags, Value x, Value p, int offset) =>
        Emit(InstructionData.Store(opcode, TypeOf(x), _dfg.InternMemFlags(flags), x, p, offset));

    private Value Result(in InstructionData data) => _dfg.FirstResult(Emit(data));

    private (Value First, Value Second) Results(in InstructionData data)
    {
        ReadOnlySpan<Value> results = _dfg.Results(Emit(data));
        return (results[0], results[1]);
    }

    // ---- checks

    private Block NeedOpenBlock()
    {
        if (_current.IsNone)
        {
            throw new InvalidOperationException("there is no current block");
        }

        return _blocks[_current.Index].IsFilled ? throw new InvalidOperationException($"{_current} already has its terminator") : _current;
    }

    private IrType TypeOf(Value value) =>
        _dfg.IsDefined(value) ? _dfg.TypeOf(value) : throw new ArgumentException($"{value} is not defined", nameof(value));

    private IrType Controlling(Opcode opcode, Value deciding)
    {
        IrType type = TypeOf(deciding);
        return opcode.Info().IsPolymorphic ? type : default;
    }

    /// <summary>Appends any instruction: the way for callers that take their opcodes from the table.</summary>
    internal Inst Emit(in InstructionData data, Signature? signature = null)
    {
        NeedOpenBlock();
        OpcodeInfo info = data.Opcode.Info();
        Inst inst = _dfg.MakeInst(data);                       // outside of the layout until all checks passed
        if (info.IsPolymorphic && !info.AllowsControlling(data.Type))
        {
            throw new ArgumentException($"{info.Name} does not take type {data.Type} (allowed set is {info.ControllingTypes})");
        }

        ReadOnlySpan<Value> args = _dfg.Args(inst);
        ReadOnlySpan<TypeRule> rules = info.Operands;
        for (int i = 0; i < rules.Length; i++)
        {
            IrType type = TypeOf(args[i]);
            if (!TypeRules.Allows(rules[i], data.Type, type))
            {
                throw new ArgumentException($"{info.Name}: operand {i} ({args[i]}) has type {type}");
            }
        }

        if (signature is not null)
        {
            CheckTypes(info.Name, args[rules.Length..], signature.Params);
        }

        CheckDestinations(_dfg.Destinations(inst));
        _dfg.MakeResults(inst);
        _layout.Append(inst, _current);
        if (SourceLocation != uint.MaxValue)
        {
            _function.SetSourceLoc(inst, SourceLocation);
        }

        if (info.Has(OpcodeTraits.Terminator))
        {
            RecordEdges(inst);
            _blocks[_current.Index].IsFilled = true;
        }

        return inst;
    }

    private void CheckTypes(string what, ReadOnlySpan<Value> values, System.Collections.Generic.List<AbiParam> expected)
    {
        if (values.Length != expected.Count)
        {
            throw new ArgumentException($"{what} takes {expected.Count} values by its signature, not {values.Length}");
        }

        for (int i = 0; i < values.Length; i++)
        {
            IrType type = TypeOf(values[i]);
            if (type != expected[i].Type)
            {
                throw new ArgumentException($"{what}: value {i} ({values[i]}) has type {type}, the signature says {expected[i].Type}");
            }
        }
    }

    private void CheckDestinations(ReadOnlySpan<BlockCall> calls)
    {
        foreach (BlockCall call in calls)
        {
            Block block = _dfg.BlockOf(call);
            if (_blocks[block.Index].IsSealed)
            {
                throw new InvalidOperationException($"{block} is sealed: it cannot get another predecessor");
            }

            ReadOnlySpan<BlockArg> args = _dfg.BlockArgs(call);
            ReadOnlySpan<Value> parameters = _dfg.Params(block);
            if (args.Length != parameters.Length)
            {
                throw new ArgumentException($"{block} takes {parameters.Length} arguments, not {args.Length}");
            }

            for (int i = 0; i < args.Length; i++)
            {
                if (args[i].IsValue && TypeOf(args[i].Value) != _dfg.TypeOf(parameters[i]))
                {
                    throw new ArgumentException($"{block}: argument {i} ({args[i]}) has type {TypeOf(args[i].Value)}, expected {_dfg.TypeOf(parameters[i])}");
                }
            }
        }
    }

    private uint ValueList(ReadOnlySpan<Value> values) => _dfg.Pool.Create(MemoryMarshal.Cast<Value, uint>(values));

    private uint ValueList(Value first, ReadOnlySpan<Value> rest)
    {
        uint list = _dfg.Pool.Create(rest.Length + 1);
        Span<uint> items = _dfg.Pool.Get(list);
        items[0] = first.Raw;
        MemoryMarshal.Cast<Value, uint>(rest).CopyTo(items[1..]);
        return list;
    }
}
