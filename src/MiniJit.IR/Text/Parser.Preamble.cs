// Functions, signatures and what a preamble declares.
using System;
using System.Collections.Generic;
using System.Numerics;
using MiniJit.IR.Collections;

namespace MiniJit.IR;

public sealed partial class Parser
{
    private const int MinTableLimit = 1 << 20;                 // any text may use value numbers up to this
    private const int MaxValueNumber = (1 << 30) - 2;          // larger ones do not fit an argument of a block call
    private const int MaxDeclarations = 1 << 16;               // of each kind
    private const int MaxParams = ushort.MaxValue;

    private static readonly string[] s_libCalls = Enum.GetNames<LibCall>();
    private static readonly string[] s_knownSymbols = Enum.GetNames<KnownSymbol>();

    private Function _function = new(default);
    private DataFlowGraph _dfg = null!;
    private TextRange _functionRange, _nameRange;
    private Column<TextRange> _instRanges;
    private Column<LocatedEntity> _entityRanges;
    private Column<uint> _declared;                            // per number, a bit for each kind of entity that has it
    private Column<EntityRef> _broken;                         // declarations that could not be read: their uses stay silent
    private Column<ForwardGlobal> _forwardGlobals;             // global values that were mentioned before they were declared
    private int _constantCount;

    private readonly record struct ForwardGlobal(GlobalValue Value, TextRange Range);

    private void BeginFunction(Function function)
    {
        _function = function;
        _dfg = function.Dfg;
        _instRanges.Clear();
        _entityRanges.Clear();
        _declared.Clear();
        _broken.Clear();
        _forwardGlobals.Clear();
        _forwardValues.Clear();
        _forwardTypes.Clear();
        _constantCount = 0;
        _lastFlags = MemFlags.Default;
        _lastFlagsIndex = 0;
        _block = default;
    }

    private void ParseFunction()
    {
        int start = _lexer.Start;
        BeginItem();
        Advance();
        if (!ParseFunctionHead())
        {
            // Whoever got as far as the brace has a body that is worth reading.
            while (Kind is not (TokenKind.End or TokenKind.LeftBrace) && !AtLineStart)
            {
                Advance();
            }

            if (!Take(TokenKind.LeftBrace))
            {
                _functionRange = new(start, _previousEnd);
                return;
            }
        }

        ClaimComments(EntityRef.Function);
        ParseItems();
        _functionRange = new(start, Kind == TokenKind.RightBrace ? _lexer.End : _previousEnd);
        BeginItem();
        if (Take(TokenKind.RightBrace))
        {
            ClaimComments(EntityRef.Function);
        }

        CheckForwardReferences();
    }

    private bool ParseFunctionHead()
    {
        _nameRange = new(_lexer.Start, _lexer.End);
        if (Kind == TokenKind.Name)
        {
            _function.Name = ExternalName.Symbol(_lexer.Text[1..].ToString());
            Advance();
        }
        else if (Kind == TokenKind.UserNamespace)
        {
            if (!ParseUserName(out ExternalName name))
            {
                return false;
            }

            _function.Name = name;
            _nameRange = _nameRange with { End = _previousEnd };
        }
        else
        {
            return Expected("the name of the function: %name or u0:0");
        }

        return ParseSignature(_function.Signature) && Expect(TokenKind.LeftBrace, "'{'");
    }

    private void ParseItems()
    {
        while (Kind is not (TokenKind.RightBrace or TokenKind.End))
        {
            if (_diagnostics.Count > MaxDiagnostics)
            {
                return;
            }

            if (IsWord("function") && AtLineStart)
            {
                break;
            }

            int start = _lexer.Start;
            BeginItem();
            bool done = Kind == TokenKind.Block ? ParseBlockHeader()
                : _block.IsNone ? ParseDeclaration()
                : ParseStatement();
            if (!done)
            {
                Recover(start);
            }
        }

        if (Kind != TokenKind.RightBrace)
        {
            Expected("'}'");
        }
    }

    // ---- names and signatures

    private bool ParseUserName(out ExternalName name)
    {
        uint ns = _lexer.Number;
        Advance();
        name = default;
        if (!Expect(TokenKind.Colon, "':' and the number of the name"))
        {
            return false;
        }

        if (Kind != TokenKind.Integer || !NumberText.TryParseDecimal32(_lexer.Text, out uint index))
        {
            return Expected("a decimal number");
        }

        name = ExternalName.User(ns, index);
        Advance();
        return true;
    }

    private bool ParseExternalName(out ExternalName name)
    {
        name = default;
        switch (Kind)
        {
            case TokenKind.Name:
                name = TextualName(_lexer.Text[1..]);
                Advance();
                return true;
            case TokenKind.UserNamespace:
                if (!ParseUserName(out name))
                {
                    return false;
                }

                if (!_function.UserNames.Contains(name))
                {
                    _function.UserNames.Add(name);
                }

                return true;
            case TokenKind.UserExtName:
                return ParseUserNameReference(out name);
            default:
                return Expected("an external name: %name or u0:0");
        }
    }

    // Printed functions mention user names by their number alone: what is beyond the names mentioned so far gets a name of its own.
    private bool ParseUserNameReference(out ExternalName name)
    {
        name = default;
        if (_lexer.Number >= MaxDeclarations)
        {
            return Fail(ParseError.Limit, $"the number of '{_lexer.Text}' is too large: the limit is {MaxDeclarations - 1}");
        }

        List<ExternalName> names = _function.UserNames;
        while (_lexer.Number >= (uint)names.Count)
        {
            names.Add(ExternalName.User(uint.MaxValue, (uint)names.Count));
        }

        name = names[(int)_lexer.Number];
        Advance();
        return true;
    }

    private static ExternalName TextualName(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < s_knownSymbols.Length; i++)
        {
            if (text.SequenceEqual(s_knownSymbols[i]))
            {
                return ExternalName.Linker((KnownSymbol)i);
            }
        }

        for (int i = 0; i < s_libCalls.Length; i++)
        {
            if (text.SequenceEqual(s_libCalls[i]))
            {
                return ExternalName.Library((LibCall)i);
            }
        }

        return ExternalName.Symbol(text.ToString());
    }

    private bool ParseSignature(Signature signature)
    {
        signature.CallConv = _defaultCallConv;
        if (!Expect(TokenKind.LeftParen, "'(' and the parameters"))
        {
            return false;
        }

        if (Kind != TokenKind.RightParen && !ParseParams(signature.Params))
        {
            return false;
        }

        if (!Expect(TokenKind.RightParen, "',' or ')'") || (Take(TokenKind.Arrow) && !ParseParams(signature.Returns)))
        {
            return false;
        }

        if (Kind == TokenKind.Identifier)
        {
            if (CallConvs.TryParse(_lexer.Text, out CallConv conv))
            {
                signature.CallConv = conv;
                Advance();
            }
            else if (!AtLineStart)
            {
                return Fail(ParseError.UnknownWord, $"'{Described(_lexer.Text)}' is neither a parameter flag nor a calling convention");
            }
        }

        return true;
    }

    private bool ParseParams(List<AbiParam> list)
    {
        do
        {
            if (!ParseType(out IrType type))
            {
                return false;
            }

            if (list.Count == MaxParams)
            {
                return Fail(ParseError.Limit, $"more than {MaxParams} parameters or results");
            }

            AbiParam param = new(type);
            if (!ParseParamFlags(ref param))
            {
                return false;
            }

            list.Add(param);
        }
        while (Take(TokenKind.Comma));
        return true;
    }

    private bool ParseParamFlags(ref AbiParam param)
    {
        while (Kind == TokenKind.Identifier)
        {
            switch (_lexer.Text)
            {
                case "uext":
                    param = param with { Extension = ArgumentExtension.Uext };
                    break;
                case "sext":
                    param = param with { Extension = ArgumentExtension.Sext };
                    break;
                case "sret":
                    param = param with { Purpose = ArgumentPurpose.StructReturn, StructSize = 0 };
                    break;
                case "vmctx":
                    param = param with { Purpose = ArgumentPurpose.VMContext, StructSize = 0 };
                    break;
                case "normal":
                    param = param with { Purpose = ArgumentPurpose.Normal, StructSize = 0 };
                    break;
                case "sarg":
                    Advance();
                    if (!Expect(TokenKind.LeftParen, "'(' and the size of the struct") || !ParseUimm32(out uint size))
                    {
                        return false;
                    }

                    if (Kind != TokenKind.RightParen)
                    {
                        return Expected("')'");
                    }

                    param = param with { Purpose = ArgumentPurpose.StructArgument, StructSize = size };
                    break;
                default:
                    return true;
            }

            Advance();
        }

        return true;
    }

    private bool ParseType(out IrType type)
    {
        type = default;
        if (Kind != TokenKind.Type)
        {
            return Expected("a type");
        }

        type = IrType.FromRaw((byte)_lexer.Number);
        Advance();
        return true;
    }

    // ---- declarations

    private bool ParseDeclaration()
    {
        TextRange range = new(_lexer.Start, _lexer.End);
        EntityKind kind = Kind switch
        {
            TokenKind.StackSlot => EntityKind.StackSlot,
            TokenKind.DynamicStackSlot => EntityKind.DynamicStackSlot,
            TokenKind.DynamicType => EntityKind.DynamicType,
            TokenKind.GlobalValue => EntityKind.GlobalValue,
            TokenKind.SigRef => EntityKind.SigRef,
            TokenKind.FuncRef => EntityKind.FuncRef,
            TokenKind.Constant => EntityKind.Constant,
            TokenKind.Region => EntityKind.AliasRegion,
            _ => IsWord("stack_limit") ? EntityKind.StackLimit : EntityKind.None,
        };
        if (kind == EntityKind.None)
        {
            return Expected("a declaration, a block or '}'");
        }

        int number = 0;
        if (kind != EntityKind.StackLimit)
        {
            if (_lexer.Number >= MaxDeclarations)
            {
                return Fail(ParseError.Limit, $"the number of '{_lexer.Text}' is too large: the limit is {MaxDeclarations - 1}");
            }

            number = (int)_lexer.Number;
        }

        EntityRef entity = new(kind, number);
        Advance();
        bool done = Expect(TokenKind.Equal, "'='") && kind switch
        {
            EntityKind.StackSlot => ParseStackSlot(entity, range),
            EntityKind.DynamicStackSlot => ParseDynamicStackSlot(entity, range),
            EntityKind.DynamicType => ParseDynamicType(entity, range),
            EntityKind.GlobalValue => ParseGlobalValue(entity, range),
            EntityKind.SigRef => ParseSignatureDeclaration(entity, range),
            EntityKind.FuncRef => ParseFunctionDeclaration(entity, range),
            EntityKind.Constant => ParseConstantDeclaration(entity, range),
            EntityKind.AliasRegion => ParseRegion(entity, range),
            _ => ParseStackLimit(range),
        };
        if (done)
        {
            _entityRanges.Add(new(entity, new(range.Start, _previousEnd)));
            ClaimComments(entity);
        }
        else
        {
            _broken.Add(entity);
        }

        return done;
    }

    private bool Declare(EntityRef entity, TextRange range)
    {
        uint bit = 1u << (int)entity.Kind;
        if (entity.Index >= _declared.Count)
        {
            _declared.Resize(entity.Index + 1);
        }

        if ((_declared[entity.Index] & bit) != 0)
        {
            return FailAt(range.Start, range.End, ParseError.Duplicate, $"duplicate entity: {entity}");
        }

        _declared[entity.Index] |= bit;
        return true;
    }

    private bool FailUndeclared(EntityRef entity, TextRange range) =>
        !_broken.Span.Contains(entity) && FailAt(range.Start, range.End, ParseError.Undeclared, $"'{entity}' is not declared");

    private bool IsDeclared(EntityKind kind, uint number) => number < (uint)_declared.Count && (_declared[(int)number] & (1u << (int)kind)) != 0;

    private static ref T Slot<T>(ref Column<T> table, int index)
        where T : struct
    {
        if (index >= table.Count)
        {
            table.Resize(index + 1);
        }

        return ref table[index];
    }

    private bool ParseStackSlot(EntityRef entity, TextRange range)
    {
        if (!TakeWord("explicit_slot") && !TakeWord("explicit_dynamic_slot"))
        {
            return Expected("'explicit_slot'");
        }

        if (!ParseUimm32(out uint size))
        {
            return false;
        }

        StackSlotData data = new(size);
        while (Take(TokenKind.Comma))
        {
            bool align = IsWord("align");
            if (!align && !IsWord("key"))
            {
                return Expected("'align' or 'key'");
            }

            Advance();
            if (!Expect(TokenKind.Equal, "'='"))
            {
                return false;
            }

            TextRange at = new(_lexer.Start, _lexer.End);
            if (align)
            {
                if (!ParseImm64(out long alignment))
                {
                    return false;
                }

                if (alignment is <= 0 or > uint.MaxValue || !BitOperations.IsPow2(alignment))
                {
                    return FailAt(at.Start, at.End, ParseError.Number, "the alignment must be a power of two below 2^32");
                }

                data = data with { AlignShift = (byte)BitOperations.Log2((ulong)alignment) };
            }
            else
            {
                if (!ParseUimm64(out ulong key))
                {
                    return false;
                }

                data = data with { HasKey = true, Key = key };
            }
        }

        if (!Declare(entity, range))
        {
            return false;
        }

        Slot(ref _function.StackSlotTable, entity.Index) = data;
        return true;
    }

    private bool ParseDynamicStackSlot(EntityRef entity, TextRange range)
    {
        if (!TakeWord("explicit_dynamic_slot"))
        {
            return Expected("'explicit_dynamic_slot'");
        }

        if (!ParseEntity(TokenKind.DynamicType, EntityKind.DynamicType, "a dynamic type", out int type) || !Declare(entity, range))
        {
            return false;
        }

        Slot(ref _function.DynamicStackSlotTable, entity.Index) = DynamicType.FromIndex(type);
        return true;
    }

    private bool ParseDynamicType(EntityRef entity, TextRange range)
    {
        TextRange at = new(_lexer.Start, _lexer.End);
        if (!ParseType(out IrType type))
        {
            return false;
        }

        if (type.ToDynamic().IsNone)
        {
            return FailAt(at.Start, at.End, ParseError.TypeSuffix, $"{type} cannot be the base of a dynamic type: a vector of at most 256 bits can");
        }

        if (!Expect(TokenKind.Star, "'*' and the global value that is the scale") || !ParseForwardGlobal(out GlobalValue scale) || !Declare(entity, range))
        {
            return false;
        }

        Slot(ref _function.DynamicTypeTable, entity.Index) = new(type, scale);
        return true;
    }

    private bool ParseGlobalValue(EntityRef entity, TextRange range)
    {
        if (!ParseGlobalValueData(out GlobalValueData data) || !Declare(entity, range))
        {
            return false;
        }

        Slot(ref _function.GlobalValueTable, entity.Index) = data;
        return true;
    }

    private bool ParseGlobalValueData(out GlobalValueData data)
    {
        data = default;
        if (TakeWord("vmctx"))
        {
            data = new() { Kind = GlobalValueKind.VMContext };
            return true;
        }

        if (TakeWord("load"))
        {
            return ParseLoadGlobal(out data);
        }

        if (TakeWord("iadd_imm"))
        {
            if (!ParseDotType(out IrType type) || !ParseForwardGlobal(out GlobalValue @base)
                || !Expect(TokenKind.Comma, "',' and an immediate") || !ParseImm64(out long imm))
            {
                return false;
            }

            data = new() { Kind = GlobalValueKind.IAddImm, Type = type, Base = @base, Offset = imm };
            return true;
        }

        if (TakeWord("symbol"))
        {
            bool colocated = TakeWord("colocated"), tls = TakeWord("tls");
            if (!ParseExternalName(out ExternalName name))
            {
                return false;
            }

            long offset = 0;
            if (Kind == TokenKind.Integer && !ParseNumber(NumberText.ParseOffset64(_lexer.Text, out offset)))
            {
                return false;
            }

            data = new() { Kind = GlobalValueKind.Symbol, Name = name, Offset = offset, IsColocated = colocated, IsThreadLocal = tls };
            return true;
        }

        if (TakeWord("dyn_scale_target_const"))
        {
            if (!ParseDotType(out IrType type))
            {
                return false;
            }

            data = new() { Kind = GlobalValueKind.DynScaleTargetConst, Type = type };
            return type.IsVector || FailAt(_previousEnd - 1, _previousEnd, ParseError.TypeSuffix, $"expected a vector type, found {type}");
        }

        return Expected("'vmctx', 'load', 'iadd_imm', 'symbol' or 'dyn_scale_target_const'");
    }

    private bool ParseLoadGlobal(out GlobalValueData data)
    {
        data = default;
        if (!ParseDotType(out IrType type))
        {
            return false;
        }

        TextRange at = new(_lexer.Start, _lexer.End);
        if (!ParseMemFlags(out MemFlags flags) || !ParseForwardGlobal(out GlobalValue @base))
        {
            return false;
        }

        if (!flags.IsNotrap || !flags.IsAligned)
        {
            return FailAt(at.Start, at.End, ParseError.MemFlags, "a load global value must be 'notrap aligned'");
        }

        if (!ParseOffset32(out int offset))
        {
            return false;
        }

        data = new() { Kind = GlobalValueKind.Load, Type = type, Base = @base, Offset = offset, Flags = flags };
        return true;
    }

    private bool ParseDotType(out IrType type)
    {
        type = default;
        return Expect(TokenKind.Dot, "'.' and a type") && ParseType(out type);
    }

    // A global value that may be declared further down.
    private bool ParseForwardGlobal(out GlobalValue value)
    {
        value = default;
        if (Kind != TokenKind.GlobalValue)
        {
            return Expected("a global value");
        }

        if (_lexer.Number >= MaxDeclarations)
        {
            return Fail(ParseError.Limit, $"the number of '{_lexer.Text}' is too large: the limit is {MaxDeclarations - 1}");
        }

        value = GlobalValue.FromIndex((int)_lexer.Number);
        if (!IsDeclared(EntityKind.GlobalValue, _lexer.Number))
        {
            _forwardGlobals.Add(new(value, new(_lexer.Start, _lexer.End)));
        }

        Advance();
        return true;
    }

    private bool ParseSignatureDeclaration(EntityRef entity, TextRange range)
    {
        Signature signature = new(_defaultCallConv);
        if (!ParseSignature(signature) || !Declare(entity, range))
        {
            return false;
        }

        while (_function.SignatureList.Count <= entity.Index)
        {
            _function.SignatureList.Add(null);
        }

        _function.SignatureList[entity.Index] = signature;
        return true;
    }

    private bool ParseFunctionDeclaration(EntityRef entity, TextRange range)
    {
        bool colocated = TakeWord("colocated"), patchable = TakeWord("patchable");
        if (!ParseExternalName(out ExternalName name))
        {
            return false;
        }

        int signature;
        if (Kind == TokenKind.LeftParen)
        {
            Signature inline = new(_defaultCallConv);
            if (!ParseSignature(inline))
            {
                return false;
            }

            signature = _function.AddSignature(inline).Index;
            Declare(new(EntityKind.SigRef, signature), range);
        }
        else if (!ParseEntity(TokenKind.SigRef, EntityKind.SigRef, "a signature: (…) or sigN", out signature))
        {
            return false;
        }

        if (!Declare(entity, range))
        {
            return false;
        }

        Slot(ref _function.ExtFuncTable, entity.Index) = new(name, SigRef.FromIndex(signature), colocated, patchable);
        return true;
    }

    private bool ParseRegion(EntityRef entity, TextRange range)
    {
        if (Kind != TokenKind.Integer || !NumberText.TryParseDecimal32(_lexer.Text, out uint id))
        {
            return Expected("the region's decimal number");
        }

        Advance();
        if (Kind != TokenKind.String)
        {
            return Expected("a description in quotes");
        }

        int next = _function.AliasRegionTable.Count;
        if (entity.Index != next)
        {
            return entity.Index < next
                ? FailAt(range.Start, range.End, ParseError.Duplicate, $"duplicate alias region: {entity}")
                : FailAt(range.Start, range.End, ParseError.Duplicate, $"alias regions are declared in order: expected region{next}, found {entity}");
        }

        _function.AliasRegionTable.Add(new(id, StringContents()));
        Advance();
        return true;
    }

    private bool ParseStackLimit(TextRange range)
    {
        if (!_function.StackLimit.IsNone)
        {
            return FailAt(range.Start, range.End, ParseError.Duplicate, "the stack limit is declared twice");
        }

        if (!ParseForwardGlobal(out GlobalValue limit))
        {
            return false;
        }

        _function.StackLimit = limit;
        return true;
    }

    private bool ParseConstantDeclaration(EntityRef entity, TextRange range)
    {
        IrType type = default;
        if (Kind == TokenKind.Type && !ParseType(out type))
        {
            return false;
        }

        if (!ParseConstantBytes(type, out ReadOnlySpan<byte> bytes) || !Declare(entity, range))
        {
            return false;
        }

        _function.DefineConstant(Constant.FromIndex(entity.Index), bytes);
        _constantCount++;
        return true;
    }
}
