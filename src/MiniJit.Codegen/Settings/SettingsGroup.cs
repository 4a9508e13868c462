using System;

namespace MiniJit.Codegen.Settings;

/// <summary>A table of settings with its presets. Immutable; one instance per group for the whole process.</summary>
public sealed class SettingsGroup
{
    private readonly SettingDescriptor[] _settings;
    private readonly SettingPreset[] _presets;

    internal SettingsGroup(string name, SettingDescriptor[] settings, SettingPreset[] presets)
    {
        Name = name;
        _settings = settings;
        _presets = presets;
    }

    /// <summary><c>shared</c>, <c>x86_64</c>, …</summary>
    public string Name { get; }

    /// <summary>The rows.</summary>
    public ReadOnlySpan<SettingDescriptor> Settings => _settings;

    /// <summary>The presets.</summary>
    public ReadOnlySpan<SettingPreset> Presets => _presets;

    /// <summary>Position of the setting with this name; −1 if there is none.</summary>
    public int Find(ReadOnlySpan<char> name)
    {
        for (int i = 0; i < _settings.Length; i++)
        {
            if (name.SequenceEqual(_settings[i].Name))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The names of some rows, separated by blanks.</summary>
    /// <param name="rows">Bit <c>i</c> chooses row <c>i</c>.</param>
    internal string NamesOf(ulong rows)
    {
        string names = "";
        for (int i = 0; i < _settings.Length; i++)
        {
            names += (rows >> i & 1) == 0 ? "" : names.Length == 0 ? _settings[i].Name : $" {_settings[i].Name}";
        }

        return names;
    }

    internal bool TryFindPreset(ReadOnlySpan<char> name, out ulong switches)
    {
        foreach (SettingPreset preset in _presets)
        {
            if (name.SequenceEqual(preset.Name))
            {
                switches = preset.Switches;
                return true;
            }
        }

        switches = 0;
        return false;
    }
}
