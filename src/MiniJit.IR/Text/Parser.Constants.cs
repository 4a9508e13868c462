// Numbers, constants and lane lists.
using System;
using System.Buffers.Binary;

namespace MiniJit.IR;

public sealed partial class Parser
{
    private const int MaskBytes = 16;
    private const int WidestConstant = 256 * 8;                // the widest vector whose lanes can be listed

    private readonly byte[] _bytes = new byte[WidestConstant];

    /// <summary>Takes the current token, which <paramref name="error"/> is about.</summary>
    private bool ParseNumber(NumberError error)
    {
        if (error != NumberError.None)
        {
            return Fail(ParseError.Number, $"'{Described(_lexer.Text)}' {error.Text()}");
        }

        Advance();
        return true;
    }

    private bool ParseImm64(out long value)
    {
        value = 0;
        return Kind != TokenKind.Integer ? Expected("an integer") : ParseNumber(NumberText.ParseImm64(_lexer.Text, out value));
    }

    private bool ParseUimm64(out ulong value)
    {
        value = 0;
        return Kind != TokenKind.Integer ? Expected("an integer") : ParseNumber(NumberText.ParseUimm64(_lexer.Text, out value));
    }

    private bool ParseUimm32(out uint value)
    {
        value = 0;
        return Kind != TokenKind.Integer ? Expected("an integer") : ParseNumber(NumberText.ParseUimm32(_lexer.Text, out value));
    }

    // An offset that may be missing.
    private bool ParseOffset32(out int value)
    {
        value = 0;
        return Kind != TokenKind.Integer || ParseNumber(NumberText.ParseOffset32(_lexer.Text, out value));
    }

    private bool ParseOffset(ref InstructionData data)
    {
        bool done = ParseOffset32(out int offset);
        data.C = (uint)offset;
        return done;
    }

    private bool ParseCommaImm8(ref InstructionData data)
    {
        if (!ExpectComma())
        {
            return false;
        }

        if (Kind != TokenKind.Integer)
        {
            return Expected("a number from 0 to 255");
        }

        bool done = ParseNumber(NumberText.ParseUimm8(_lexer.Text, out byte value));
        data.Aux = value;
        return done;
    }

    private bool ParseIntImmediate(ref InstructionData data)
    {
        if (Kind != TokenKind.Integer)
        {
            return Expected("an integer");
        }

        int unused = 64 - data.Type.Bits;
        bool done = ParseNumber(NumberText.ParseInt(_lexer.Text, data.Type.Bits, out UInt128 wide));
        long value = (long)wide << unused >> unused;
        data.B = (uint)value;
        data.C = (uint)(value >> 32);
        return done;
    }

    private bool ParseFloatImmediate(ref InstructionData data, int width)
    {
        if (Kind != TokenKind.Float)
        {
            return Expected("a float");
        }

        bool done = ParseNumber(NumberText.ParseFloat(_lexer.Text, width, out UInt128 bits));
        data.B = (uint)bits;
        data.C = (uint)((ulong)bits >> 32);
        return done;
    }

    // ---- constants

    private bool ParseConstantOperand(ref InstructionData data)
    {
        if (Kind == TokenKind.Constant)
        {
            return ParseEntityOperand(TokenKind.Constant, EntityKind.Constant, "a constant", out data.B);
        }

        ReadOnlySpan<byte> bytes;
        if (data.Opcode == Opcode.F128const)
        {
            if (Kind != TokenKind.Float)
            {
                return Expected("a float or a constant");
            }

            if (!ParseNumber(NumberText.ParseFloat(_lexer.Text, 128, out UInt128 bits)))
            {
                return false;
            }

            BinaryPrimitives.WriteUInt128LittleEndian(_bytes, bits);
            bytes = _bytes.AsSpan(0, 16);
        }
        else if (!ParseConstantBytes(data.Type, out bytes))
        {
            return false;
        }

        if (_constantCount >= MaxDeclarations)
        {
            return Fail(ParseError.Limit, $"more than {MaxDeclarations} constants");
        }

        data.B = Intern(bytes).Raw;
        return true;
    }

    // Identical bytes share the first handle; a new handle is the number of constants there are.
    private Constant Intern(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < _function.ConstantCount; i++)
        {
            Constant known = Constant.FromIndex(i);
            if (_function.ConstantTable[i].Length == bytes.Length && bytes.SequenceEqual(_function.ConstantData(known)))
            {
                return known;
            }
        }

        int number = _constantCount;
        while (IsDeclared(EntityKind.Constant, (uint)number))
        {
            number++;                                          // only where the declared numbers have gaps
        }

        Constant made = Constant.FromIndex(number);
        Declare(new(EntityKind.Constant, number), default);
        _function.DefineConstant(made, bytes);
        _constantCount++;
        return made;
    }

    /// <summary>A hexadecimal constant or, of a type, a list of lanes; shorter ones are zero-extended to the type's size.</summary>
    private bool ParseConstantBytes(IrType type, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (Kind == TokenKind.Integer)
        {
            int start = _lexer.Start, end = _lexer.End;
            Span<byte> buffer = _bytes;
            buffer[..16].Clear();
            if (!ParseNumber(NumberText.ParseHexBytes(_lexer.Text, buffer, out int count)))
            {
                return false;
            }

            if (!type.IsNone && count > type.Bytes)
            {
                return FailAt(start, end, ParseError.Constant, $"the constant has {count} bytes, {type} has {type.Bytes}");
            }

            int size = type.IsNone ? count : type.Bytes;
            if (size > buffer.Length)
            {
                return FailAt(start, end, ParseError.Constant, $"a constant of type {type} cannot be written");
            }

            buffer[count..size].Clear();
            bytes = buffer[..size];
            return true;
        }

        if (type.IsNone)
        {
            return Expected("a hexadecimal constant");
        }

        if (!Take(TokenKind.LeftBracket))
        {
            return Expected("a hexadecimal constant or '[' and the lanes");
        }

        return ParseLanes(type, out bytes);
    }

    private bool ParseLanes(IrType type, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (type.LaneBits > 64)
        {
            return Fail(ParseError.Constant, $"lanes of type {type.LaneType} cannot be listed; write a hexadecimal constant");
        }

        bool isFloat = type.HasFloatLanes;
        int laneBytes = type.LaneType.Bytes;
        for (int lane = 0; lane < type.LaneCount; lane++)
        {
            if (Kind != (isFloat ? TokenKind.Float : TokenKind.Integer))
            {
                return Expected($"lane {lane} of {type.LaneCount}");
            }

            NumberError error = isFloat
                ? NumberText.ParseFloat(_lexer.Text, type.LaneBits, out UInt128 bits)
                : NumberText.ParseInt(_lexer.Text, type.LaneBits, out bits);
            if (!ParseNumber(error))
            {
                return false;
            }

            ulong low = (ulong)bits;
            for (int i = 0; i < laneBytes; i++)
            {
                _bytes[(lane * laneBytes) + i] = (byte)(low >> (i * 8));
            }
        }

        bytes = _bytes.AsSpan(0, type.Bytes);
        return Expect(TokenKind.RightBracket, $"']' behind {type.LaneCount} lanes");
    }

    private bool ParseShuffleMask(ref InstructionData data)
    {
        if (!ParseConstantBytes(IrType.I8X16, out ReadOnlySpan<byte> bytes))
        {
            return false;
        }

        data.C = _function.AddImmediate(BinaryPrimitives.ReadUInt128LittleEndian(bytes[..MaskBytes])).Raw;
        return true;
    }
}
