using System;
using System.Collections.Generic;
using MiniJit.IR.Interpretation;

namespace MiniJit.IR.Tests.Interpretation;

/// <summary>Reads values as run directives write them.</summary>
internal static class ValueText
{
    public static DataValue Parse(IrType type, string text)
    {
        text = text.Trim();
        if (!type.IsVector)
        {
            return Scalar(type, text);
        }

        if (!text.StartsWith('['))
        {
            byte[] bytes = new byte[16];
            Check(NumberText.ParseHexBytes(text, bytes, out _), text);
            return DataValue.FromBytes(type, bytes);
        }

        string[] words = text.Trim('[', ']').Split(' ', StringSplitOptions.RemoveEmptyEntries);
        DataValue[] lanes = new DataValue[words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            lanes[i] = Scalar(type.LaneType, words[i]);
        }

        return DataValue.FromLanes(type, lanes);
    }

    /// <summary>Splits at commas outside of brackets.</summary>
    public static List<string> Split(string text, char separator = ',')
    {
        List<string> parts = [];
        int depth = 0, start = 0;
        for (int i = 0; i <= text.Length; i++)
        {
            if (i == text.Length || (text[i] == separator && depth == 0))
            {
                parts.Add(text[start..i].Trim());
                start = i + 1;
            }
            else
            {
                depth += text[i] == '[' ? 1 : text[i] == ']' ? -1 : 0;
            }
        }

        if (parts is [""])
        {
            parts.Clear();
        }

        return parts;
    }

    private static DataValue Scalar(IrType type, string text)
    {
        UInt128 bits;
        if (type.IsFloat)
        {
            Check(NumberText.ParseFloat(text, type.Bits, out bits), text);
        }
        else
        {
            Check(NumberText.ParseInt(text, type.Bits, out bits), text);
        }

        return new(type, bits);
    }

    private static void Check(NumberError error, string text)
    {
        if (error != NumberError.None)
        {
            throw new FormatException($"'{text}' {error.Text()}");
        }
    }
}
