% rebase('layout', title='What time is it in …')
<form method="post" action="{{root}}">
<input name="zone" list="zones" placeholder="Europe/Brussels" aria-label="A time zone" required> <button type="submit">?</button>
</form>
<datalist id="zones">
% for zone in zones:
<option>{{zone}}</option>
% end
</datalist>
