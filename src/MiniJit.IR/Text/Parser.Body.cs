// Blocks and statements: who defines a value, which type it gets, and what was used before it was defined.
using System;
using MiniJit.IR.Collections;

namespace MiniJit.IR;

public sealed partial class Parser
{
    private const int BlockLimit = 100_000;
    private const uint NoSourceLoc = uint.MaxValue;

    private Block _block;
    private int _valueLimit;
    private Column<NamedValue> _results;
    private Column<DebugTag> _tags;
    private Column<StackMapEntry> _stackMap;
    private Column<NamedValue> _forwardValues;                 // operands that were not defined yet when they were read
    private Column<Inst> _forwardTypes;                        // instructions whose deciding operand was not

    private readonly record struct NamedValue(Value Value, int Start);

    // ---- blocks

    private bool ParseBlockHeader()
    {
        int start = _lexer.Start;
        if (_lexer.Number >= BlockLimit)
        {
            return Fail(ParseError.Limit, $"too many blocks: the number of '{_lexer.Text}' must be below {BlockLimit}");
        }

        Block block = Block.FromIndex((int)_lexer.Number);
        _dfg.EnsureBlock(block);
        if (_function.Layout.IsInserted(block))
        {
            Fail(ParseError.Duplicate, $"duplicate entity: {block}");
        }
        else
        {
            _function.Layout.Append(block);
        }

        _block = block;
        Advance();
        if (Take(TokenKind.LeftParen) && !Take(TokenKind.RightParen))
        {
            do
            {
                if (!ParseBlockParam(block))
                {
                    return false;
                }
            }
            while (Take(TokenKind.Comma));
            if (!Expect(TokenKind.RightParen, "',' or ')'"))
            {
                return false;
            }
        }

        if (Take(TokenKind.Cold))
        {
            _dfg.SetCold(block, true);
        }

        if (!Expect(TokenKind.Colon, "':' behind the block's header"))
        {
            return false;
        }

        _entityRanges.Add(new(EntityRef.Of(block), new(start, _previousEnd)));
        ClaimComments(EntityRef.Of(block));
        return true;
    }

    private bool ParseBlockParam(Block block)
    {
        if (!ParseNewValue(out NamedValue param) || !Expect(TokenKind.Colon, "':' and a type") || !ParseType(out IrType type))
        {
            return false;
        }

        if (_dfg.Params(block).Length == MaxParams)
        {
            return FailAt(param.Start, _previousEnd, ParseError.Limit, $"more than {MaxParams} parameters");
        }

        if (_dfg.IsDefined(param.Value))
        {
            FailDuplicate(param);
        }
        else
        {
            _dfg.AttachParam(block, param.Value, type);
        }

        return true;
    }

    private bool FailDuplicate(NamedValue value) =>
        FailAt(value.Start, value.Start + value.Value.ToString().Length, ParseError.Duplicate, $"duplicate entity: {value.Value}");

    // ---- statements

    private bool ParseStatement()
    {
        int start = _lexer.Start;
        _tags.Clear();
        _results.Clear();
        if (Kind == TokenKind.Less && !ParseDebugTags())
        {
            return false;
        }

        uint location = NoSourceLoc;
        if (Kind == TokenKind.SourceLoc)
        {
            location = _lexer.Number;
            Advance();
        }

        if (Kind == TokenKind.Value)
        {
            do
            {
                if (!ParseNewValue(out NamedValue result))
                {
                    return PoisonResults();
                }

                _results.Add(result);
            }
            while (Take(TokenKind.Comma));
            if (Take(TokenKind.Arrow))
            {
                return ParseAlias();
            }

            if (!Expect(TokenKind.Equal, "'=' or '->'"))
            {
                return PoisonResults();
            }
        }

        if (Kind != TokenKind.Identifier)
        {
            Expected(_results.Count > 0 || location != NoSourceLoc || _tags.Count > 0 ? "an opcode" : "an instruction, a block or '}'");
            return PoisonResults();
        }

        return ParseInstruction(start, location) || PoisonResults();
    }

    /// <summary>Defines the results of a statement that could not be read, so that their uses stay silent.</summary>
    private bool PoisonResults()
    {
        foreach (NamedValue result in _results.Span)
        {
            if (!_dfg.IsDefined(result.Value))
            {
                _dfg.EnsureValue(result.Value);
                _dfg.ValueTable[result.Value.Index] = new(ValueDefKind.Result, default, 0, 0);
            }
        }

        return false;
    }

    private bool ParseNewValue(out NamedValue value)
    {
        value = default;
        if (Kind != TokenKind.Value)
        {
            return Expected("a value");
        }

        if (_lexer.Number >= _valueLimit)
        {
            return Fail(ParseError.Limit, $"the number of '{_lexer.Text}' is too large for this file: the limit is {_valueLimit - 1}");
        }

        value = new(Value.FromIndex((int)_lexer.Number), _lexer.Start);
        Advance();
        return true;
    }

    private bool ParseAlias()
    {
        NamedValue alias = _results[0];
        if (_results.Count != 1)
        {
            return FailAt(alias.Start, _previousEnd, ParseError.Alias, "an alias defines one value");
        }

        if (Kind != TokenKind.Value)
        {
            Expected("the value that the alias names");
            return PoisonResults();
        }

        Value target = Value.FromIndex((int)_lexer.Number);
        if (!_dfg.IsDefined(target))
        {
            Fail(ParseError.Alias, $"an alias must name a value that is defined above: '{_lexer.Text}' is not");
            return PoisonResults();
        }

        Advance();
        if (!_dfg.IsDefined(alias.Value))
        {
            _dfg.SetAlias(alias.Value, target);
        }
        else if (_dfg.AliasTarget(alias.Value) != target)
        {
            return FailDuplicate(alias);
        }

        return true;
    }

    private bool ParseDebugTags()
    {
        Advance();
        while (!Take(TokenKind.Greater))
        {
            if (Kind == TokenKind.StackSlot)
            {
                if (!ParseEntity(TokenKind.StackSlot, EntityKind.StackSlot, "a stack slot", out int slot))
                {
                    return false;
                }

                _tags.Add(new(StackSlot.FromIndex(slot), 0));
            }
            else if (Kind == TokenKind.Integer)
            {
                if (!ParseUimm32(out uint number))
                {
                    return false;
                }

                _tags.Add(new(default, number));
            }
            else
            {
                return Expected("a tag (a number or a stack slot) or '>'");
            }

            if (Kind != TokenKind.Greater && !Expect(TokenKind.Comma, "',' or '>'"))
            {
                return false;
            }
        }

        return true;
    }

    private bool ParseInstruction(int start, uint location)
    {
        if (!OpcodeTable.TryFind(_lexer.Text, out Opcode opcode))
        {
            return Fail(ParseError.UnknownOpcode, $"unknown opcode '{Described(_lexer.Text)}'");
        }

        TextRange at = new(_lexer.Start, _lexer.End);
        OpcodeInfo info = opcode.Info();
        Advance();
        if (!ParseSuffix(info, at, out IrType suffix))
        {
            return false;
        }

        InstructionData data = new(opcode, suffix, 0, 0, 0, 0);
        _stackMap.Clear();
        if (!ParseOperands(info, ref data) || (Kind == TokenKind.Comma && !ParseStackMap(info)) || !ControllingType(info, at, suffix, ref data, out IrType controlling))
        {
            return false;
        }

        Signature? signature = info.HasVariableResults ? _dfg.CallResultSignature(data) : null;
        int expected = signature?.Returns.Count ?? info.Results.Length;
        if (expected != _results.Count)
        {
            return FailAt(at.Start, at.End, ParseError.ResultCount, $"'{info.Name}' has {expected} result{(expected == 1 ? "" : "s")} here, {_results.Count} given");
        }

        Inst inst = _dfg.MakeInst(data);
        _function.Layout.Append(inst, _block);
        for (int i = 0; i < expected; i++)
        {
            NamedValue result = _results[i];
            if (_dfg.IsDefined(result.Value))
            {
                FailDuplicate(result);
                continue;
            }

            IrType type = signature is null ? TypeRules.Resolve(info.Results[i], controlling) : signature.Returns[i].Type;
            if (type.IsNone)
            {
                FailAt(at.Start, at.End, ParseError.TypeSuffix, $"the type of {result.Value} does not follow from {controlling}");
            }

            _dfg.AttachResult(inst, result.Value, type);
        }

        if (info.Suffix.Kind == TypeSuffixKind.Optional && data.Type.IsNone)
        {
            _forwardTypes.Add(inst);
        }

        AttachSideData(inst, location);
        _instRanges.Add(new(start, _previousEnd));
        ClaimComments(EntityRef.Of(inst));
        return true;
    }

    private void AttachSideData(Inst inst, uint location)
    {
        if (location != NoSourceLoc)
        {
            _function.SetSourceLoc(inst, location);
        }

        if (_tags.Count > 0)
        {
            _function.SetDebugTags(inst, _tags.Span);
        }

        if (_stackMap.Count > 0)
        {
            _function.SetStackMap(inst, _stackMap.Span);
        }
    }

    // ---- controlling type (language reference, section 4)

    private bool ParseSuffix(OpcodeInfo info, TextRange opcode, out IrType type)
    {
        type = default;
        if (Take(TokenKind.Dot))
        {
            TextRange at = new(_lexer.Start, _lexer.End);
            if (Kind == TokenKind.DynamicType)
            {
                if (!ParseEntity(TokenKind.DynamicType, EntityKind.DynamicType, "a type", out int number))
                {
                    return false;
                }

                type = _function.DynamicTypes[number].Type;
            }
            else if (!ParseType(out type))
            {
                return false;
            }

            if (!info.IsPolymorphic)
            {
                return FailAt(at.Start, at.End, ParseError.TypeSuffix, $"'{info.Name}' does not take a typevar");
            }

            return info.ControllingTypes.Contains(type)
                || FailAt(at.Start, at.End, ParseError.TypeSuffix, $"{type} is not a valid typevar for {info.Name}");
        }

        return info.Suffix.Kind != TypeSuffixKind.Mandatory
            || FailAt(opcode.Start, opcode.End, ParseError.TypeSuffix, $"type variable required for polymorphic opcode, e.g. '{info.Name}.{info.ControllingTypes.First}'");
    }

    /// <summary>
    /// The written suffix types the results, but the record keeps the type of the deciding operand: <see cref="InstructionData.Type"/> stays
    /// none when that operand is only defined further down.
    /// </summary>
    private bool ControllingType(OpcodeInfo info, TextRange opcode, IrType suffix, ref InstructionData data, out IrType controlling)
    {
        controlling = suffix;
        if (info.Suffix.Kind != TypeSuffixKind.Optional)
        {
            return true;
        }

        Value decider = DecidingOperand(info, data);
        bool defined = _dfg.IsDefined(decider);
        data.Type = defined ? _dfg.TypeOf(decider) : default;
        if (!suffix.IsNone)
        {
            return true;
        }

        if (!defined)
        {
            return FailAt(
                opcode.Start,
                opcode.End,
                ParseError.TypeSuffix,
                $"type variable required for polymorphic opcode, e.g. '{info.Name}.{info.ControllingTypes.First}'; can't infer from {decider} which is not yet defined");
        }

        controlling = data.Type;
        if (controlling.IsNone)
        {
            return false;                                      // its definition could not be read, which was reported
        }

        return info.ControllingTypes.Contains(controlling)
            || FailAt(opcode.Start, opcode.End, ParseError.TypeSuffix, $"{controlling} is not a valid typevar for {info.Name}");
    }

    private Value DecidingOperand(OpcodeInfo info, in InstructionData data) =>
        info.HasVariableOperands ? new Value(_dfg.Pool.Get(data.A)[0])
        : info.Suffix.DecidingOperand switch
        {
            0 => data.Arg0,
            1 => data.Arg1,
            _ => data.Arg2,
        };

    // ---- after the body

    private void CheckForwardReferences()
    {
        foreach (NamedValue use in _forwardValues.Span)
        {
            if (!_dfg.IsDefined(use.Value))
            {
                FailAt(use.Start, use.Start + use.Value.ToString().Length, ParseError.UndefinedValue, $"undefined operand value {use.Value}");
            }
        }

        foreach (ForwardGlobal use in _forwardGlobals.Span)
        {
            if (!IsDeclared(EntityKind.GlobalValue, (uint)use.Value.Index))
            {
                FailUndeclared(EntityRef.Of(use.Value), use.Range);
            }
        }

        foreach (Inst inst in _forwardTypes.Span)
        {
            ref InstructionData data = ref _dfg[inst];
            Value decider = DecidingOperand(data.Opcode.Info(), data);
            data.Type = _dfg.IsDefined(decider) ? _dfg.TypeOf(decider) : default;
        }
    }
}
