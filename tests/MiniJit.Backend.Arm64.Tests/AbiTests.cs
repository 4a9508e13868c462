// Where the conventions put parameters and results (calling-convention reference, sections 3 and 4).
using System;
using System.Collections.Generic;
using MiniJit.Codegen.Abi;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Backend.Arm64.Tests;

public class AbiTests
{
    private static readonly SharedSettings s_multiReturn = WithMultiReturn();

    private static SharedSettings WithMultiReturn()
    {
        SettingsBuilder builder = new(SharedSettings.Group);
        Assert.True(builder.TrySet("enable_multi_ret_implicit_sret", "true", out _));
        return new(builder);
    }

    [Theory]
    [InlineData("(i64, f64, i32, f32) -> i8, f32", "x0 v0 x1 v1 -> x0 v0")]
    [InlineData("(i64, i64, i64, i64, i64, i64, i64, i64, i8, f32, i16)", "x0 x1 x2 x3 x4 x5 x6 x7 [0] v0 [8] ->")]
    [InlineData("(i64, i128, i64)", "x0 x2:x3 x4 ->")]
    [InlineData("(i64, i64, i64, i64, i64, i64, i64, i128, i64)", "x0 x1 x2 x3 x4 x5 x6 [0]:[8] x7 ->")]
    [InlineData("(i64 sret, i64)", "x8 x0 ->")]
    [InlineData("(i8, i64, i128) -> i64 tail", "x2 x3 x4:x5 -> x2")]
    [InlineData("(i64, i64, i64, i64, i64, i64, i64) tail", "x2 x3 x4 x5 x6 x7 [0] ->")]
    [InlineData("(i64, i128) apple_aarch64", "x0 x1:x2 ->")]
    [InlineData("(i64, i64, i64, i64, i64, i64, i64, i64, i8, i8, i16, i64) apple_aarch64", "x0 x1 x2 x3 x4 x5 x6 x7 [0] [1] [2] [8] ->")]
    [InlineData("(i64) -> i32, i64, f64 winch", "x1 -> [8] [0] v0 area 16 at x0")]
    [InlineData("(i64) -> i64, i64, i64, i64, i64, i64, i64, i64, i64, f32", "x0 -> x0 x1 x2 x3 x4 x5 x6 x7 [0] v0 area 16 at x8")]
    [InlineData("(f32x4, i8x8) -> f64x2", "v0 v1 -> v0")]
    [InlineData("(i64, i64, i64) windows_fastcall", "x0 x1 x2 ->")]
    public void Values_are_where_the_convention_says(string signature, string expected) => Assert.Equal(expected, Places(signature, s_multiReturn));

    [Theory]
    [InlineData("() -> i64 preserve_all")]
    [InlineData("(i64 sret) tail")]
    [InlineData("(i64 sarg(16))")]
    [InlineData("() probestack")]
    public void What_a_convention_cannot_do_is_an_error(string signature) => Assert.StartsWith("error", Places(signature, s_multiReturn), StringComparison.Ordinal);

    [Fact]
    public void Results_in_memory_need_their_setting() => Assert.StartsWith(
        "error: unsupported: too many return values", Places("() -> i64, i64, i64, i64, i64, i64, i64, i64, i64", SharedSettings.Default), StringComparison.Ordinal);

    [Theory]
    [InlineData("()", "x19-x28 v8-v15", "x19-x28 v8-v15")]
    [InlineData("() tail", "x19-x28 v8-v15", "x19-x28 v8-v15")]
    [InlineData("() winch", "x19-x28 v8-v15", "x28")]
    [InlineData("() preserve_all", "x0-x15 x19-x28 v0-v30", "x0-x15 x19-x28 v0-v30")]
    public void Saved_and_surviving_registers(string signature, string saved, string survivors)
    {
        Signature parsed = Parse(signature);
        AbiAssignment assignment = new();
        Abi.Assign(parsed, SharedSettings.Default, assignment);
        Assert.Equal(saved, Ranges(Abi.CalleeSaved(parsed.CallConv, SharedSettings.Default).Bits));
        ulong all = 0x7fff_ffff_1ff8_ffff;                       // what is ever allocated
        Assert.Equal(survivors, Ranges(all & ~assignment.Clobbers.Bits));
    }

    private static string Ranges(ulong bits)
    {
        List<string> parts = [];
        for (int i = 0; i < 64; i++)
        {
            if (((bits >> i) & 1) == 0)
            {
                continue;
            }

            int last = i;
            while (last % 32 != 31 && ((bits >> (last + 1)) & 1) != 0)
            {
                last++;
            }

            string file = i < 32 ? "x" : "v";
            parts.Add(last == i ? $"{file}{i % 32}" : $"{file}{i % 32}-{file}{last % 32}");
            i = last;
        }

        return string.Join(' ', parts);
    }

    private static string Places(string signature, SharedSettings settings)
    {
        AbiAssignment assignment = new();
        Abi.Assign(Parse(signature), settings, assignment);
        if (assignment.Error is { } error)
        {
            return "error: " + error;
        }

        List<string> parts = [];
        foreach (AbiSlot slot in assignment.Params.Span)
        {
            parts.Add(PlacesOf(assignment, slot));
        }

        parts.Add("->");
        foreach (AbiSlot slot in assignment.Returns.Span)
        {
            parts.Add(PlacesOf(assignment, slot));
        }

        if (assignment.HasReturnPointer)
        {
            parts.Add($"area {assignment.ReturnAreaSize} at x{assignment.ReturnPointer.Register.Encoding}");
        }

        return string.Join(' ', parts);
    }

    private static string PlacesOf(AbiAssignment assignment, in AbiSlot slot)
    {
        List<string> parts = [];
        for (int i = 0; i < slot.PartCount; i++)
        {
            AbiPart part = assignment.Parts[slot.FirstPart + i];
            parts.Add(part.InRegister ? $"{(part.Type.IsInt ? "x" : "v")}{part.Register.Encoding}" : $"[{part.Offset}]");
        }

        return string.Join(':', parts);
    }

    private static Signature Parse(string signature)
    {
        ParsedFile file = Parser.Parse($"function %f() {{\n    sig0 = {signature}\nblock0:\n    return\n}}\n");
        Assert.Equal(0, file.Diagnostics.Count);
        return file.Functions[0].Function.Signatures[0];
    }
}
