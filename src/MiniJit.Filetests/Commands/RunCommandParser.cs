// Run commands in comments (filetest reference, section 5):
//
//     ; run: %f(1, 0x10) == 3        ; run: %f() != [1, [1 2 3 4]]        ; run        ; print: %f(2)        ; print
//
// and one of our own, whose first word the reference tool does not know, so that to it the line is a comment like any other:
//
//     ; trap: %divide(1, 0) == int_divz
//
// Values are read by the types of the signature of the function that the comment belongs to.
using System;
using System.Buffers;
using System.Collections.Generic;
using MiniJit.IR;
using MiniJit.IR.Interpretation;

namespace MiniJit.Filetests.Commands;

/// <summary>Reads the run commands of comments.</summary>
internal ref struct RunCommandParser
{
    private static readonly SearchValues<char> s_punctuation = SearchValues.Create(" \t,)](;");
    private const string DefaultCallee = "%default";
    private ReadOnlySpan<char> _rest;
    private string _error;

    private RunCommandParser(ReadOnlySpan<char> rest)
    {
        _rest = rest;
        _error = "";
    }

    /// <summary>Reads a comment.</summary>
    /// <param name="comment">The comment, semicolons included.</param>
    /// <param name="signature">Of the function it belongs to.</param>
    /// <param name="span">Where it stands.</param>
    /// <param name="command">The command, or null if the comment is none.</param>
    /// <param name="error">What is wrong with the command; empty if nothing is.</param>
    /// <returns>False if the comment is a malformed command.</returns>
    public static bool TryParse(ReadOnlySpan<char> comment, Signature signature, SourceSpan span, out RunCommand? command, out string error)
    {
        command = null;
        error = "";
        ReadOnlySpan<char> text = comment.TrimStart(';').TrimStart();
        int length = 0;
        while (length < text.Length && (char.IsAsciiLetterOrDigit(text[length]) || text[length] == '_'))
        {
            length++;
        }

        RunCommandParser parser = new(text[length..].TrimStart());
        switch (text[..length])
        {
            case "run":
                command = parser.ParseRun(signature, span);
                break;
            case "print":
                command = parser.ParsePrint(signature, span);
                break;
            case "trap" when parser._rest.StartsWith(":"):     // a `trap` instruction in a listing is no command
                command = parser.ParseTrap(signature, span);
                break;
            default:
                return true;
        }

        error = parser._error.Length == 0 ? "" : $"unable to parse the run command: {parser._error}";
        return error.Length == 0;
    }

    private RunCommand? ParseRun(Signature signature, SourceSpan span)
    {
        if (!Take(":"))
        {
            // Call it and require "not false". The reference compares with an i8, so that only i8 results can fail.
            if (signature.Params.Count != 0 || signature.Returns.Count != 1 || !signature.Returns[0].Type.IsInt)
            {
                return Fail("a bare 'run' needs a function without parameters and with one integer result");
            }

            return new() { Kind = RunCommandKind.Run, Callee = DefaultCallee, Comparison = RunComparison.NotEqual, Expected = [DataValue.I8(0)], Span = span };
        }

        if (!TryInvocation(signature, out string callee, out DataValue[] arguments))
        {
            return null;
        }

        bool equal = Take("==");
        if (!equal && !Take("!="))
        {
            return Fail("expected '==' or '!='");
        }

        return !TryResults(signature, out DataValue[] expected) ? null : new()
        {
            Kind = RunCommandKind.Run,
            Callee = callee,
            Arguments = arguments,
            Comparison = equal ? RunComparison.Equal : RunComparison.NotEqual,
            Expected = expected,
            Span = span,
        };
    }

    private RunCommand? ParsePrint(Signature signature, SourceSpan span)
    {
        if (!Take(":"))
        {
            return signature.Params.Count != 0
                ? Fail("a bare 'print' needs a function without parameters")
                : new() { Kind = RunCommandKind.Print, Callee = DefaultCallee, Span = span };
        }

        return TryInvocation(signature, out string callee, out DataValue[] arguments)
            ? new() { Kind = RunCommandKind.Print, Callee = callee, Arguments = arguments, Span = span }
            : null;
    }

    private RunCommand? ParseTrap(Signature signature, SourceSpan span)
    {
        if (!Take(":") || !TryInvocation(signature, out string callee, out DataValue[] arguments))
        {
            return null;
        }

        if (!Take("=="))
        {
            return Fail("expected '=='");
        }

        ReadOnlySpan<char> word = TakeWord();
        return TrapCode.TryParse(word, out TrapCode code)
            ? new() { Kind = RunCommandKind.Trap, Callee = callee, Arguments = arguments, Trap = code, Span = span }
            : Fail($"'{word}' is no trap code");
    }

    private bool TryInvocation(Signature signature, out string callee, out DataValue[] arguments)
    {
        callee = "";
        arguments = [];
        int parenthesis = _rest.IndexOf('(');
        if (parenthesis <= 0 || (_rest[0] != '%' && _rest[0] != 'u'))
        {
            return Reject("expected '%name('");
        }

        callee = _rest[..parenthesis].TrimEnd().ToString();
        Advance(parenthesis + 1);
        return TryList(Types(signature.Params), ')', out arguments);
    }

    private bool TryResults(Signature signature, out DataValue[] results)
    {
        results = [];
        if (signature.Returns.Count != 1)
        {
            return Take("[") ? TryList(Types(signature.Returns), ']', out results) : Reject("expected '['");
        }

        if (!TryValue(signature.Returns[0].Type, out DataValue value))
        {
            return false;
        }

        results = [value];
        return true;
    }

    private bool TryList(IrType[] types, char close, out DataValue[] values)
    {
        values = new DataValue[types.Length];
        for (int i = 0; i < types.Length; i++)
        {
            if (i > 0 && !Take(","))
            {
                return Reject($"expected {types.Length} values");
            }

            if (!TryValue(types[i], out values[i]))
            {
                return false;
            }
        }

        return Take(close.ToString()) || Reject($"expected '{close}' after {types.Length} values");
    }

    private bool TryValue(IrType type, out DataValue value)
    {
        value = default;
        if (!DataValue.CanHold(type))
        {
            return Reject($"values of type {type} cannot be written");
        }

        if (type.IsVector)
        {
            return Take("[") ? TryLanes(type, out value) : TryVectorBytes(type, out value);
        }

        ReadOnlySpan<char> word = TakeWord();
        if (word.IsEmpty)
        {
            return Reject($"expected a value of type {type}");
        }

        NumberError problem = type.IsInt ? NumberText.ParseInt(word, type.Bits, out UInt128 bits) : NumberText.ParseFloat(word, type.Bits, out bits);
        value = new(type, bits);
        return problem == NumberError.None || Reject($"{type} value '{word}' {problem.Text()}");
    }

    private bool TryLanes(IrType type, out DataValue value)
    {
        DataValue[] lanes = new DataValue[type.LaneCount];
        value = default;
        for (int i = 0; i < lanes.Length; i++)
        {
            if (!TryValue(type.LaneType, out lanes[i]))
            {
                return false;
            }
        }

        value = DataValue.FromLanes(type, lanes);
        return Take("]") || Reject($"expected ']' after {lanes.Length} lanes");
    }

    private bool TryVectorBytes(IrType type, out DataValue value)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        ReadOnlySpan<char> word = TakeWord();
        NumberError problem = NumberText.ParseHexBytes(word, bytes, out int count);
        value = DataValue.FromBytes(type, bytes);
        return (problem == NumberError.None && count <= type.Bytes) || Reject($"expected {type.LaneCount} lanes in brackets or at most {type.Bytes} bytes of 0x digits");
    }

    private static IrType[] Types(List<AbiParam> parameters)
    {
        IrType[] types = new IrType[parameters.Count];
        for (int i = 0; i < types.Length; i++)
        {
            types[i] = parameters[i].Type;
        }

        return types;
    }

    private bool Take(string text)
    {
        if (!_rest.StartsWith(text))
        {
            return false;
        }

        Advance(text.Length);
        return true;
    }

    // Everything up to white space or punctuation: what a number or name could be made of.
    private ReadOnlySpan<char> TakeWord()
    {
        int length = _rest.IndexOfAny(s_punctuation);
        ReadOnlySpan<char> word = length < 0 ? _rest : _rest[..length];
        Advance(word.Length);
        return word;
    }

    private void Advance(int length) => _rest = _rest[length..].TrimStart();

    private RunCommand? Fail(string error)
    {
        _error = error;
        return null;
    }

    private bool Reject(string error)
    {
        _error = error;
        return false;
    }
}
