% rebase('layout', title=zone.replace('_', ' '))
<time datetime="{{now.isoformat(timespec='seconds')}}">{{now.strftime('%H:%M')}}</time>
<p>{{now.strftime('%A, %d %B %Y')}}, UTC{{now.strftime('%z')}}</p>
<p><a href="{{root}}">Elsewhere</a></p>
