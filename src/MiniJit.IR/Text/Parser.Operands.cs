// Operands, one production per instruction format (language reference, section 2).
using System;
using System.Runtime.InteropServices;
using MiniJit.IR.Collections;

namespace MiniJit.IR;

public sealed partial class Parser
{
    private const int MaxFlagCombinations = ushort.MaxValue;
    private const uint MaxTryCallIndex = 1u << 30;

    private Column<uint> _values;
    private Column<BlockArg> _blockArgs;
    private Column<BlockCall> _targets;
    private Column<ExceptionItem> _exceptionItems;
    private MemFlags _lastFlags;                               // neighbours mostly share their flags
    private ushort _lastFlagsIndex;

    private bool ParseOperands(OpcodeInfo info, ref InstructionData data)
    {
        switch (info.Format)
        {
            case InstructionFormat.NullAry:
                return true;
            case InstructionFormat.Unary:
                return ParseValue(out data.A);
            case InstructionFormat.UnaryImm:
                return ParseIntImmediate(ref data);
            case InstructionFormat.UnaryIeee16:
                return ParseFloatImmediate(ref data, 16);
            case InstructionFormat.UnaryIeee32:
                return ParseFloatImmediate(ref data, 32);
            case InstructionFormat.UnaryIeee64:
                return ParseFloatImmediate(ref data, 64);
            case InstructionFormat.UnaryConst:
                return ParseConstantOperand(ref data);
            case InstructionFormat.UnaryGlobalValue:
                return ParseEntityOperand(TokenKind.GlobalValue, EntityKind.GlobalValue, "a global value", out data.B);
            case InstructionFormat.Binary:
                return ParseValues2(ref data);
            case InstructionFormat.BinaryImm8:
                return ParseValue(out data.A) && ParseCommaImm8(ref data);
            case InstructionFormat.Ternary:
                return ParseValues2(ref data) && ParseCommaValue(out data.C);
            case InstructionFormat.TernaryImm8:
                return ParseValues2(ref data) && ParseCommaImm8(ref data);
            case InstructionFormat.MultiAry:
                return ParseReturnValues(ref data);
            case InstructionFormat.Shuffle:
                return ParseValues2(ref data) && ExpectComma() && ParseShuffleMask(ref data);
            case InstructionFormat.IntCompare:
                return ParseIntCondition(ref data) && ParseValues2(ref data);
            case InstructionFormat.FloatCompare:
                return ParseFloatCondition(ref data) && ParseValues2(ref data);
            case InstructionFormat.Jump:
                return ParseBlockCall(out data.B);
            case InstructionFormat.Brif:
                return ParseValue(out data.A) && ExpectComma() && ParseBlockCall(out data.B) && ExpectComma() && ParseBlockCall(out data.C);
            case InstructionFormat.BranchTable:
                return ParseValue(out data.A) && ParseBranchTable(ref data);
            case InstructionFormat.Call:
                return ParseCall(ref data);
            case InstructionFormat.CallIndirect:
                return ParseEntityOperand(TokenKind.SigRef, EntityKind.SigRef, "a signature", out data.B) && ExpectComma() && ParseIndirectCallee(ref data);
            case InstructionFormat.TryCall:
                return ParseCall(ref data) && ParseExceptionTable(ref data);
            case InstructionFormat.TryCallIndirect:
                return ParseIndirectCallee(ref data) && ParseExceptionTable(ref data);
            case InstructionFormat.FuncAddr:
                return ParseEntityOperand(TokenKind.FuncRef, EntityKind.FuncRef, "a function", out data.B);
            case InstructionFormat.StackAddr:
                return ParseEntityOperand(TokenKind.StackSlot, EntityKind.StackSlot, "a stack slot", out data.B) && ParseOffset(ref data);
            case InstructionFormat.DynamicStackAddr:
                return ParseEntityOperand(TokenKind.DynamicStackSlot, EntityKind.DynamicStackSlot, "a dynamic stack slot", out data.B);
            case InstructionFormat.Load:
                return ParseInstructionFlags(ref data) && ParseValue(out data.A) && ParseOffset(ref data);
            case InstructionFormat.Store:
                return ParseInstructionFlags(ref data) && ParseValues2(ref data) && ParseOffset(ref data);
            case InstructionFormat.LoadNoOffset:
                return ParseInstructionFlags(ref data) && ParseValue(out data.A);
            case InstructionFormat.StoreNoOffset:
                return ParseInstructionFlags(ref data) && ParseValues2(ref data);
            case InstructionFormat.AtomicRmw:
                return ParseInstructionFlags(ref data) && ParseRmwOp(ref data) && ParseValues2(ref data);
            case InstructionFormat.AtomicCas:
                return ParseInstructionFlags(ref data) && ParseValues2(ref data) && ParseCommaValue(out data.C);
            case InstructionFormat.Trap:
                return ParseTrapCode(ref data);
            case InstructionFormat.CondTrap:
                return ParseValue(out data.A) && ExpectComma() && ParseTrapCode(ref data);
            case InstructionFormat.IntAddTrap:
                return ParseValues2(ref data) && ExpectComma() && ParseTrapCode(ref data);
            case InstructionFormat.ExceptionHandlerAddress:
                return ParseHandlerAddress(ref data);
            default:
                throw new CompilerBugException("parser", $"instruction format {info.Format} has no syntax");
        }
    }

    // ---- values

    private bool ExpectComma() => Expect(TokenKind.Comma, "','");

    private bool ParseValue(out uint raw)
    {
        raw = 0;
        if (Kind != TokenKind.Value)
        {
            return Expected("a value");
        }

        // What is beyond the limit cannot be defined either; it is reported as undefined after the body.
        Value value = Value.FromIndex((int)Math.Min(_lexer.Number, MaxValueNumber));
        if (!_dfg.IsDefined(value))
        {
            _forwardValues.Add(new(Value.FromIndex((int)_lexer.Number), _lexer.Start));
        }

        raw = value.Raw;
        Advance();
        return true;
    }

    private bool ParseCommaValue(out uint raw)
    {
        raw = 0;
        return ExpectComma() && ParseValue(out raw);
    }

    private bool ParseValues2(ref InstructionData data) => ParseValue(out data.A) && ParseCommaValue(out data.B);

    /// <summary>Appends <c>[v {, v}]</c> to the list under construction.</summary>
    private bool ParseValueList()
    {
        if (Kind != TokenKind.Value)
        {
            return true;
        }

        do
        {
            if (!ParseValue(out uint raw))
            {
                return false;
            }

            _values.Add(raw);
        }
        while (Take(TokenKind.Comma));
        return true;
    }

    private bool ParseReturnValues(ref InstructionData data)
    {
        _values.Clear();
        if (!ParseValueList())
        {
            return false;
        }

        data.A = _dfg.Pool.Create(_values.Span);
        return true;
    }

    private bool ParseArguments(ref InstructionData data)
    {
        if (!Expect(TokenKind.LeftParen, "'(' and the arguments") || !ParseValueList() || !Expect(TokenKind.RightParen, "',' or ')'"))
        {
            return false;
        }

        data.A = _dfg.Pool.Create(_values.Span);
        return true;
    }

    private bool ParseCall(ref InstructionData data)
    {
        _values.Clear();
        return ParseEntityOperand(TokenKind.FuncRef, EntityKind.FuncRef, "a function", out data.B) && ParseArguments(ref data);
    }

    private bool ParseIndirectCallee(ref InstructionData data)
    {
        _values.Clear();
        if (!ParseValue(out uint callee))
        {
            return false;
        }

        _values.Add(callee);
        return ParseArguments(ref data);
    }

    // ---- entities of the preamble

    private bool ParseEntity(TokenKind token, EntityKind kind, string what, out int index)
    {
        index = 0;
        if (Kind != token)
        {
            return Expected(what);
        }

        if (!IsDeclared(kind, _lexer.Number))
        {
            return FailUndeclared(new(kind, (int)Math.Min(_lexer.Number, int.MaxValue)), new(_lexer.Start, _lexer.End));
        }

        index = (int)_lexer.Number;
        Advance();
        return true;
    }

    private bool ParseEntityOperand(TokenKind token, EntityKind kind, string what, out uint raw)
    {
        bool done = ParseEntity(token, kind, what, out int index);
        raw = (uint)index + 1;
        return done;
    }

    // ---- branches

    private bool ParseBlockReference(out Block block)
    {
        block = default;
        if (Kind != TokenKind.Block)
        {
            return Expected("a block");
        }

        if (_lexer.Number >= BlockLimit)
        {
            return Fail(ParseError.Limit, $"too many blocks: the number of '{_lexer.Text}' must be below {BlockLimit}");
        }

        block = Block.FromIndex((int)_lexer.Number);
        _dfg.EnsureBlock(block);                               // so that whoever has a table of blocks has an entry for it
        Advance();
        return true;
    }

    private bool ParseBlockCall(out uint raw)
    {
        raw = 0;
        if (!ParseBlockReference(out Block block))
        {
            return false;
        }

        _blockArgs.Clear();
        if (Take(TokenKind.LeftParen))
        {
            while (!Take(TokenKind.RightParen))
            {
                if (!ParseBlockArg() || (Kind != TokenKind.RightParen && !Expect(TokenKind.Comma, "',' or ')'")))
                {
                    return false;
                }
            }
        }

        raw = _dfg.MakeBlockCall(block, _blockArgs.Span).Raw;
        return true;
    }

    private bool ParseBlockArg()
    {
        switch (Kind)
        {
            case TokenKind.Value:
                if (!ParseValue(out uint raw))
                {
                    return false;
                }

                _blockArgs.Add(new BlockArg(raw));
                return true;
            case TokenKind.Ret or TokenKind.Exn:
                if (_lexer.Number >= MaxTryCallIndex)
                {
                    return Fail(ParseError.Limit, $"the number of '{_lexer.Text}' must be below 2^30");
                }

                _blockArgs.Add(Kind == TokenKind.Ret ? BlockArg.Ret((int)_lexer.Number) : BlockArg.Exn((int)_lexer.Number));
                Advance();
                return true;
            default:
                return Expected("a value, retN, exnN or ')'");
        }
    }

    private bool ParseBranchTable(ref InstructionData data)
    {
        _targets.Clear();
        if (!ExpectComma() || !ParseTarget() || !ExpectComma() || !Expect(TokenKind.LeftBracket, "'[' and the table"))
        {
            return false;
        }

        if (Kind != TokenKind.RightBracket)
        {
            do
            {
                if (!ParseTarget())
                {
                    return false;
                }
            }
            while (Take(TokenKind.Comma));
        }

        if (!Expect(TokenKind.RightBracket, "',' or ']'"))
        {
            return false;
        }

        data.B = _function.AddJumpTable(_targets.Span).Raw;
        return true;
    }

    private bool ParseTarget()
    {
        bool done = ParseBlockCall(out uint call);
        _targets.Add(new BlockCall(call));
        return done;
    }

    private bool ParseExceptionTable(ref InstructionData data)
    {
        _exceptionItems.Clear();
        if (!ExpectComma() || !ParseEntity(TokenKind.SigRef, EntityKind.SigRef, "the signature of the exception table", out int signature)
            || !ExpectComma() || !ParseBlockCall(out uint normal)
            || !ExpectComma() || !Expect(TokenKind.LeftBracket, "'[' and the handlers"))
        {
            return false;
        }

        while (!Take(TokenKind.RightBracket))
        {
            if (!ParseExceptionItem() || (Kind != TokenKind.RightBracket && !Expect(TokenKind.Comma, "',' or ']'")))
            {
                return false;
            }
        }

        data.C = _function.AddExceptionTable(SigRef.FromIndex(signature), new BlockCall(normal), _exceptionItems.Span).Raw;
        return true;
    }

    private bool ParseExceptionItem()
    {
        if (TakeWord("context"))
        {
            bool done = ParseValue(out uint value);
            _exceptionItems.Add(new(ExceptionItemKind.Context, 0, default, new Value(value)));
            return done;
        }

        uint tag = Kind == TokenKind.Tag ? _lexer.Number : 0;
        ExceptionItemKind kind = Kind == TokenKind.Tag ? ExceptionItemKind.Tag : ExceptionItemKind.Default;
        if (!Take(TokenKind.Tag) && !TakeWord("default"))
        {
            return Expected("tagN, 'default', 'context' or ']'");
        }

        if (!Expect(TokenKind.Colon, "':' and a block") || !ParseBlockCall(out uint target))
        {
            return false;
        }

        _exceptionItems.Add(new(kind, tag, new BlockCall(target), default));
        return true;
    }

    private bool ParseHandlerAddress(ref InstructionData data)
    {
        if (!ParseBlockReference(out Block block) || !ExpectComma() || !ParseImm64(out long index))
        {
            return false;
        }

        data.B = block.Raw;
        data.C = (uint)(int)Math.Clamp(index, int.MinValue, int.MaxValue);
        return true;
    }

    // ---- words

    private bool ParseIntCondition(ref InstructionData data)
    {
        if (Kind != TokenKind.Identifier || !ConditionCodes.TryParse(_lexer.Text, out IntCC cc))
        {
            return Expected("an integer condition: eq, ne, slt, sge, sgt, sle, ult, uge, ugt or ule");
        }

        data.Aux = (ushort)cc;
        Advance();
        return true;
    }

    private bool ParseFloatCondition(ref InstructionData data)
    {
        if (Kind != TokenKind.Identifier || !ConditionCodes.TryParse(_lexer.Text, out FloatCC cc))
        {
            return Expected("a float condition: ord, uno, eq, ne, one, ueq, lt, le, gt, ge, ult, ule, ugt or uge");
        }

        data.Aux = (ushort)cc;
        Advance();
        return true;
    }

    private bool ParseRmwOp(ref InstructionData data)
    {
        if (Kind != TokenKind.Identifier || !ConditionCodes.TryParse(_lexer.Text, out AtomicRmwOp op))
        {
            return Expected("an operation: add, sub, and, nand, or, xor, xchg, umin, umax, smin or smax");
        }

        data.C = (uint)op;
        Advance();
        return true;
    }

    private bool ParseTrapCode(ref InstructionData data)
    {
        if (Kind != TokenKind.Identifier || !TrapCode.TryParse(_lexer.Text, out TrapCode code))
        {
            return Expected("a trap code: stk_ovf, int_ovf, heap_oob, int_divz, bad_toint or user1 to user250");
        }

        data.Aux = code.Raw;
        Advance();
        return true;
    }

    // ---- memory flags

    private bool ParseInstructionFlags(ref InstructionData data)
    {
        if (Kind == TokenKind.Value)
        {
            return true;                                       // index 0 is the default
        }

        if (!ParseMemFlags(out MemFlags flags))
        {
            return false;
        }

        if (flags != _lastFlags)
        {
            if (_dfg.MemFlagsTable.Count >= MaxFlagCombinations)
            {
                return Fail(ParseError.Limit, "too many distinct combinations of memory flags in one function");
            }

            _lastFlags = flags;
            _lastFlagsIndex = _dfg.InternMemFlags(flags);
        }

        data.Aux = _lastFlagsIndex;
        return true;
    }

    private bool ParseMemFlags(out MemFlags flags)
    {
        flags = MemFlags.Default;
        while (true)
        {
            if (Kind == TokenKind.Region)
            {
                if (!flags.Region.IsNone)
                {
                    return Fail(ParseError.MemFlags, "a memory access has at most one alias region");
                }

                if (_lexer.Number >= MaxDeclarations - 1)
                {
                    return Fail(ParseError.Limit, $"the number of '{_lexer.Text}' is too large: the limit is {MaxDeclarations - 2}");
                }

                flags = flags.WithRegion(AliasRegion.FromIndex((int)_lexer.Number));
            }
            else if (Kind != TokenKind.Identifier || !TryMemFlag(_lexer.Text, ref flags))
            {
                return true;                                   // whoever needs a value or an operation next says so
            }

            if (flags.IsLittle && flags.IsBig)
            {
                return Fail(ParseError.MemFlags, "a memory access cannot be both little and big");
            }

            Advance();
        }
    }

    private static bool TryMemFlag(ReadOnlySpan<char> word, ref MemFlags flags)
    {
        switch (word)
        {
            case "notrap":
                flags = flags.WithNotrap();
                return true;
            case "aligned":
                flags = flags.WithAligned();
                return true;
            case "readonly":
                flags = flags.WithReadonly();
                return true;
            case "can_move":
                flags = flags.WithCanMove();
                return true;
            case "little":
                flags = flags.WithLittle();
                return true;
            case "big":
                flags = flags.WithBig();
                return true;
            default:
                if (!TrapCode.TryParse(word, out TrapCode code))
                {
                    return false;
                }

                flags = flags.WithTrap(code);
                return true;
        }
    }

    // ---- stack maps

    private bool ParseStackMap(OpcodeInfo info)
    {
        Advance();
        if (!info.Has(OpcodeTraits.Call) || info.Has(OpcodeTraits.Return))
        {
            return IsWord("stack_map")
                ? Fail(ParseError.StackMap, $"'{info.Name}' cannot have a stack map: only calls that return can")
                : Expected("the end of the instruction");
        }

        if (!IsWord("stack_map"))
        {
            return Expected("'stack_map'");
        }

        Advance();
        if (!Expect(TokenKind.Equal, "'='") || !Expect(TokenKind.LeftBracket, "'['"))
        {
            return false;
        }

        while (!Take(TokenKind.RightBracket))
        {
            if (!ParseStackMapEntry() || (Kind != TokenKind.RightBracket && !Expect(TokenKind.Comma, "',' or ']'")))
            {
                return false;
            }
        }

        return true;
    }

    private bool ParseStackMapEntry()
    {
        if (!ParseType(out IrType type) || !Expect(TokenKind.At, "'@' and a stack slot")
            || !ParseEntity(TokenKind.StackSlot, EntityKind.StackSlot, "a stack slot", out int slot))
        {
            return false;
        }

        Take(TokenKind.Plus);                                  // or the sign is part of the number
        if (!ParseUimm32(out uint offset))
        {
            return false;
        }

        _stackMap.Add(new(type, StackSlot.FromIndex(slot), offset));
        return true;
    }
}
