using System;
using System.Collections.Generic;
using MiniJit.Backend.Arm64;
using MiniJit.Backend.X64;
using MiniJit.Codegen.Settings;
using MiniJit.IR;
using Xunit;

namespace MiniJit.Filetests.Tests;

public sealed class SettingsTests
{
    [Fact]
    public void Shared_rows_are_in_the_order_of_their_enumeration()
    {
        Assert.Equal(27, SharedSettings.Group.Settings.Length);
        for (int i = 0; i < SharedSettings.Group.Settings.Length; i++)
        {
            string expected = "";
            foreach (char c in ((SharedSetting)i).ToString())
            {
                expected += char.IsUpper(c) && expected.Length > 0 ? "_" + char.ToLowerInvariant(c) : char.ToLowerInvariant(c);
            }

            Assert.Equal(expected, SharedSettings.Group.Settings[i].Name);
        }
    }

    [Fact]
    public void Defaults_are_those_of_the_reference()
    {
        SharedSettings settings = SharedSettings.Default;
        Assert.Equal(OptLevel.None, settings.OptLevel);
        Assert.True(settings.EnableVerifier && settings.EnableAliasAnalysis && settings.UnwindInfo && settings.EnableTableAccessSpectreMitigation);
        Assert.False(settings.IsPic || settings.EnableProbestack || settings.MachineCodeCfgInfo || settings.EnablePinnedReg);
        Assert.Equal(12, settings.ProbestackSizeLog2);
    }

    [Theory]
    [InlineData("opt_level=speed", "")]
    [InlineData("is_pic", "")]
    [InlineData("is_pic=off", "")]
    [InlineData("probestack_size_log2=20", "")]
    [InlineData("wat", "unknown setting 'wat'")]
    [InlineData("opt_level", "not a boolean flag: 'opt_level'")]
    [InlineData("opt_level=best", "invalid value 'best' for setting 'opt_level', expected any of none, speed, speed_and_size")]
    [InlineData("probestack_size_log2=256", "invalid value '256' for setting 'probestack_size_log2', expected a number from 0 to 255")]
    [InlineData("is_pic=maybe", "invalid value 'maybe' for setting 'is_pic', expected true, on, yes, 1, false, off, no or 0")]
    public void A_word_applies_or_says_what_is_wrong(string word, string error)
    {
        SettingsBuilder builder = new(SharedSettings.Group);
        Assert.Equal(error.Length == 0, builder.TryApply(word, out string actual));
        Assert.Equal(error, actual);
    }

    [Fact]
    public void Built_settings_do_not_follow_their_builder()
    {
        SettingsBuilder builder = new(SharedSettings.Group);
        Assert.True(builder.TryApply("opt_level=speed_and_size", out _));
        SharedSettings built = new(builder);
        Assert.True(builder.TryApply("opt_level=none", out _));
        Assert.Equal(OptLevel.SpeedAndSize, built.OptLevel);
        Assert.Equal(built, new SharedSettings(built.ToBuilder()));
    }

    [Fact]
    public void There_are_67_presets_with_distinct_names()
    {
        HashSet<string> names = [];
        foreach (SettingPreset preset in X64Settings.Group.Presets)
        {
            Assert.True(names.Add(preset.Name), preset.Name);
        }

        Assert.Equal(67, names.Count);
    }

    [Fact]
    public void Every_x64_row_is_the_flag_of_its_position()
    {
        for (int i = 0; i < X64Settings.Group.Settings.Length; i++)
        {
            string name = ((X64Features)(1u << i)).ToString().ToLowerInvariant();
            Assert.Equal("has_" + name.Replace("avxvnni", "avx_vnni", StringComparison.Ordinal), X64Settings.Group.Settings[i].Name);
        }
    }

    [Fact]
    public void Presets_switch_on_and_never_off()
    {
        SettingsBuilder before = new(X64Settings.Group);
        Assert.True(before.TryApply("has_avx2=false", out _) && before.TryApply("skylake", out _));
        Assert.True(new X64Settings(before).UseAvx2);

        SettingsBuilder after = new(X64Settings.Group);
        Assert.True(after.TryApply("skylake", out _) && after.TryApply("has_avx2=false", out _));
        X64Settings settings = new(after);
        Assert.True(settings.UseAvx && !settings.UseAvx2);
    }

    [Fact]
    public void Features_that_need_avx_do_nothing_without_it()
    {
        SettingsBuilder builder = new(X64Settings.Group);
        Assert.True(builder.TryApply("znver3", out _));
        X64Settings settings = new(builder);
        Assert.True(settings.UsePopcnt && settings.UseBmi2 && !settings.UseFma && !settings.UseAvx);
    }

    [Fact]
    public void The_host_runs_its_own_features_and_names_those_it_lacks()
    {
        Assert.True(new X64Settings(X64Settings.HostFeatures).RunOnHost);
        X64Settings all = new((X64Features)((1u << 19) - 1));
        Assert.Equal(all.RunOnHost, all.MissingOnHost().Length == 0);
        Assert.Equal(System.Runtime.Intrinsics.X86.Bmi2.IsSupported, (X64Settings.HostFeatures & X64Features.Bmi2) != 0);
        Assert.Equal(System.Runtime.Intrinsics.X86.Popcnt.IsSupported, (X64Settings.HostFeatures & X64Features.Popcnt) != 0);
    }

    [Fact]
    public void Aarch64_signing_of_leaf_functions_needs_signing()
    {
        SettingsBuilder builder = new(Arm64Settings.Group);
        Assert.True(builder.TryApply("sign_return_address_all", out _));
        Assert.False(new Arm64Settings(builder).SignReturnAddressAll);
        Assert.True(builder.TryApply("sign_return_address", out _));
        Assert.True(new Arm64Settings(builder).SignReturnAddressAll);
    }

    [Theory]
    [InlineData("x86_64", TargetArchitecture.X64, "", CallConv.SystemV)]
    [InlineData("x86_64-unknown-linux-gnu", TargetArchitecture.X64, "linux", CallConv.SystemV)]
    [InlineData("x86_64-linux", TargetArchitecture.X64, "linux", CallConv.SystemV)]
    [InlineData("x86_64-pc-windows-msvc", TargetArchitecture.X64, "windows", CallConv.WindowsFastcall)]
    [InlineData("aarch64-apple-darwin", TargetArchitecture.Arm64, "darwin", CallConv.AppleAarch64)]
    [InlineData("riscv64gc-unknown-linux-gnu", TargetArchitecture.Riscv64, "linux", CallConv.SystemV)]
    [InlineData("i686", TargetArchitecture.Unknown, "", CallConv.SystemV)]
    public void Triples_are_read(string text, TargetArchitecture architecture, string os, CallConv convention)
    {
        Assert.True(TargetTriple.TryParse(text, out TargetTriple triple));
        Assert.Equal((architecture, os, convention), (triple.Architecture, triple.OperatingSystem, triple.DefaultCallConv));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x87_64")]
    [InlineData("x86_64--")]
    [InlineData("x86_64-a-b-c-d")]
    public void Malformed_triples_are_refused(string text) => Assert.False(TargetTriple.TryParse(text, out _));
}
