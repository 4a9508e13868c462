// Reads the operand column of the opcode table: "flags, ADDR, offset32 -> T". Only values have types; the other words
// (flags, block_call, uimm8 …) are implied by the instruction format and are there for the reader and the manual.
using System;
using System.Collections.Generic;

namespace MiniJit.IR;

internal static class OpcodeShape
{
    private const int NoValue = -1, Variable = -2;

    public static (TypeRule[] Operands, TypeRule[] Results, bool VariableOperands, bool VariableResults) Parse(string shape)
    {
        ReadOnlySpan<char> text = shape;
        int arrow = text.IndexOf("->");
        TypeRule[] operands = Rules(arrow < 0 ? text : text[..arrow], out bool variableOperands);
        TypeRule[] results = Rules(arrow < 0 ? "" : text[(arrow + 2)..], out bool variableResults);
        return (operands, results, variableOperands, variableResults);
    }

    private static TypeRule[] Rules(ReadOnlySpan<char> text, out bool variable)
    {
        List<TypeRule> rules = [];
        variable = false;
        foreach (Range range in text.Split(','))
        {
            int rule = Rule(text[range].Trim());
            variable |= rule == Variable;
            if (rule >= 0)
            {
                rules.Add((TypeRule)rule);
            }
        }

        return [.. rules];
    }

    private static int Rule(ReadOnlySpan<char> word) => word switch
    {
        "T" => (int)TypeRule.Same,
        "lane_of(T)" => (int)TypeRule.LaneOf,
        "as_truthy(T)" => (int)TypeRule.AsTruthy,
        "half_width(T)" => (int)TypeRule.HalfWidth,
        "double_width(T)" => (int)TypeRule.DoubleWidth,
        "split_lanes(T)" => (int)TypeRule.SplitLanes,
        "merge_lanes(T)" => (int)TypeRule.MergeLanes,
        "dynamic_to_vector(T)" => (int)TypeRule.DynamicToVector,
        "narrower(T)" => (int)TypeRule.Narrower,
        "wider(T)" => (int)TypeRule.Wider,
        "ADDR" => (int)TypeRule.Address,
        "SINT" => (int)TypeRule.AnyScalarInt,
        "SFLOAT" => (int)TypeRule.AnyScalarFloat,
        "INT" => (int)TypeRule.AnyInt,
        "FLOAT" => (int)TypeRule.AnyFloat,
        "VEC" => (int)TypeRule.AnyVector,
        "ANY" => (int)TypeRule.Any,
        "i8" => (int)TypeRule.I8,
        "i32" => (int)TypeRule.I32,
        "i64" => (int)TypeRule.I64,
        "f16" => (int)TypeRule.F16,
        "f32" => (int)TypeRule.F32,
        "f64" => (int)TypeRule.F64,
        "f128" => (int)TypeRule.F128,
        "i8x16" => (int)TypeRule.I8X16,
        "i16x8" => (int)TypeRule.I16X8,
        "i32x4" => (int)TypeRule.I32X4,
        "i64x2" => (int)TypeRule.I64X2,
        "f32x4" => (int)TypeRule.F32X4,
        "f64x2" => (int)TypeRule.F64X2,
        "values" => Variable,
        "" or "flags" or "offset32" or "block" or "block_call" or "jump_table" or "exception_table" or "constant" or "mask16"
            or "trap_code" or "uimm8" or "imm64" or "ieee16" or "ieee32" or "ieee64" or "intcc" or "floatcc" or "rmw_op" or "fn" or "sig" or "ss" or "dss" or "gv" => NoValue,
        _ => throw new CompilerBugException("opcode table", $"unknown operand word '{word}'"),
    };
}
